package arm64

// Two registers, miscellaneous (C4.1.96), and what reduces a register.
func simdTwoRows() Section {
	return Section{Ref: "C3.6 Advanced SIMD two-register miscellaneous", Rows: []Spec{
		{"rev64", "0Q001110TT100000000010nnnnnddddd", "=Vd.Tbhs Vn.Tbhs", FP, reverse(64)},
		{"rev16", "0Q00111000100000000110nnnnnddddd", "=Vd.b Vn.b", FP, reverse(16)},
		{"rev32", "0Q101110TT100000000010nnnnnddddd", "=Vd.Tbh Vn.Tbh", FP, reverse(32)},
		{"saddlp", "0Q001110TT100000001010nnnnnddddd", "=Vd.PTbhs Vn.Tbhs", FP, pairLong(laneSADDL)},
		{"uaddlp", "0Q101110TT100000001010nnnnnddddd", "=Vd.PTbhs Vn.Tbhs", FP, pairLong(laneADD)},
		{"suqadd", "0Q001110TT100000001110nnnnnddddd", "+Vd.T Vn.T", FP, same(laneSUQADD)},
		{"usqadd", "0Q101110TT100000001110nnnnnddddd", "+Vd.T Vn.T", FP, same(laneUSQADD)},
		{"cls", "0Q001110TT100000010010nnnnnddddd", "=Vd.Tbhs Vn.Tbhs", FP, same(laneCLS)},
		{"clz", "0Q101110TT100000010010nnnnnddddd", "=Vd.Tbhs Vn.Tbhs", FP, same(laneCLZ)},
		{"cnt", "0Q00111000100000010110nnnnnddddd", "=Vd.b Vn.b", FP, inWords(laneCNT, wordCNT)},
		{"mvn", "0Q10111000100000010110nnnnnddddd", "=Vd.b Vn.b", FP, inWords(laneNOT, wordNOT)},
		{"rbit", "0Q10111001100000010110nnnnnddddd", "=Vd.b Vn.b", FP, same(laneRBIT)},
		{"sadalp", "0Q001110TT100000011010nnnnnddddd", "+Vd.PTbhs Vn.Tbhs", FP, pairLong(laneSADALP)},
		{"uadalp", "0Q101110TT100000011010nnnnnddddd", "+Vd.PTbhs Vn.Tbhs", FP, pairLong(laneUADALP)},
		{"sqabs", "0Q001110TT100000011110nnnnnddddd", "=Vd.T Vn.T", FP, same(laneSQABS)},
		{"sqneg", "0Q101110TT100000011110nnnnnddddd", "=Vd.T Vn.T", FP, same(laneSQNEG)},
		{"cmgt", "0Q001110TT100000100010nnnnnddddd", "=Vd.T Vn.T #0", FP, same(laneCMGT0)},
		{"cmge", "0Q101110TT100000100010nnnnnddddd", "=Vd.T Vn.T #0", FP, same(laneCMGE0)},
		{"cmeq", "0Q001110TT100000100110nnnnnddddd", "=Vd.T Vn.T #0", FP, inWords(laneCMEQ0, wordCMEQ0B, wordCMEQ0H, wordCMEQ0S, wordCMEQ0D)},
		{"cmle", "0Q101110TT100000100110nnnnnddddd", "=Vd.T Vn.T #0", FP, same(laneCMLE0)},
		{"cmlt", "0Q001110TT100000101010nnnnnddddd", "=Vd.T Vn.T #0", FP, inWords(laneCMLT0, wordCMLT0B, wordCMLT0H, wordCMLT0S, wordCMLT0D)},
		{"abs", "0Q001110TT100000101110nnnnnddddd", "=Vd.T Vn.T", FP, same(laneABS)},
		{"neg", "0Q101110TT100000101110nnnnnddddd", "=Vd.T Vn.T", FP, inWords(laneNEG, wordNEGB, wordNEGH, wordNEGS, wordNEGD)},
		{"xtn{2}", "0Q001110TT100001001010nnnnnddddd", "+Vd.Tbhs Vn.WTbhs", FP, narrowWords()},
		{"sqxtun{2}", "0Q101110TT100001001010nnnnnddddd", "+Vd.Tbhs Vn.WTbhs", FP, narrow(laneSQXTUN)},
		{"shll{2}", "0Q101110TT100001001110nnnnnddddd", "=Vd.WTbhs Vn.Tbhs #esize", FP, long(laneSHLL)},
		{"sqxtn{2}", "0Q001110TT100001010010nnnnnddddd", "+Vd.Tbhs Vn.WTbhs", FP, narrow(laneSQXTN)},
		{"uqxtn{2}", "0Q101110TT100001010010nnnnnddddd", "+Vd.Tbhs Vn.WTbhs", FP, narrow(laneUQXTN)},
		{"urecpe", "0Q00111010100001110010nnnnnddddd", "=Vd.s Vn.s", FP, same(laneURECPE)},
		{"ursqrte", "0Q10111010100001110010nnnnnddddd", "=Vd.s Vn.s", FP, same(laneURSQRTE)},

		{"suqadd", "01011110TT100000001110nnnnnddddd", "+Td Tn", FP, same(laneSUQADD)},
		{"usqadd", "01111110TT100000001110nnnnnddddd", "+Td Tn", FP, same(laneUSQADD)},
		{"sqabs", "01011110TT100000011110nnnnnddddd", "=Td Tn", FP, same(laneSQABS)},
		{"sqneg", "01111110TT100000011110nnnnnddddd", "=Td Tn", FP, same(laneSQNEG)},
		{"cmgt", "0101111011100000100010nnnnnddddd", "=Dd Dn #0", FP, same(laneCMGT0)},
		{"cmge", "0111111011100000100010nnnnnddddd", "=Dd Dn #0", FP, same(laneCMGE0)},
		{"cmeq", "0101111011100000100110nnnnnddddd", "=Dd Dn #0", FP, same(laneCMEQ0)},
		{"cmle", "0111111011100000100110nnnnnddddd", "=Dd Dn #0", FP, same(laneCMLE0)},
		{"cmlt", "0101111011100000101010nnnnnddddd", "=Dd Dn #0", FP, same(laneCMLT0)},
		{"abs", "0101111011100000101110nnnnnddddd", "=Dd Dn", FP, same(laneABS)},
		{"neg", "0111111011100000101110nnnnnddddd", "=Dd Dn", FP, same(laneNEG)},
		{"sqxtun", "01111110TT100001001010nnnnnddddd", "=Td.bhs Ln.bhs", FP, narrow(laneSQXTUN)},
		{"sqxtn", "01011110TT100001010010nnnnnddddd", "=Td.bhs Ln.bhs", FP, narrow(laneSQXTN)},
		{"uqxtn", "01111110TT100001010010nnnnnddddd", "=Td.bhs Ln.bhs", FP, narrow(laneUQXTN)},

		{"saddlv", "0Q001110TT110000001110nnnnnddddd", "=Ld.bhs Vn.TbhS", FP, bindSaddlv},
		{"uaddlv", "0Q101110TT110000001110nnnnnddddd", "=Ld.bhs Vn.TbhS", FP, forWidth(8, 1, uaddlv8, across(laneADD, false))},
		{"smaxv", "0Q001110TT110000101010nnnnnddddd", "=Td.bhs Vn.TbhS", FP, across(laneSMAX, false)},
		{"umaxv", "0Q101110TT110000101010nnnnnddddd", "=Td.bhs Vn.TbhS", FP, across(laneUMAX, false)},
		{"sminv", "0Q001110TT110001101010nnnnnddddd", "=Td.bhs Vn.TbhS", FP, across(laneSMIN, false)},
		{"uminv", "0Q101110TT110001101010nnnnnddddd", "=Td.bhs Vn.TbhS", FP, across(laneUMIN, false)},
		{"addv", "0Q001110TT110001101110nnnnnddddd", "=Td.bhs Vn.TbhS", FP, forWidth(32, 0, addv32, across(laneADD, false))},
		{"fmaxnmv", "0110111000110000110010nnnnnddddd", "=Sd Vn.4s", FP, across(laneFMAXNM, true)},
		{"fmaxv", "0110111000110000111110nnnnnddddd", "=Sd Vn.4s", FP, across(laneFMAX, true)},
		{"fminnmv", "0110111010110000110010nnnnnddddd", "=Sd Vn.4s", FP, across(laneFMINNM, true)},
		{"fminv", "0110111010110000111110nnnnnddddd", "=Sd Vn.4s", FP, across(laneFMIN, true)},

		{"addp", "0101111011110001101110nnnnnddddd", "=Dd Vn.2d", FP, opFunc(addp64)},
		{"fmaxnmp", "011111100T110000110010nnnnnddddd", "=Fd Vn.2F", FP, scalarPair(laneFMAXNM)},
		{"faddp", "011111100T110000110110nnnnnddddd", "=Fd Vn.2F", FP, scalarPair(laneFADD)},
		{"fmaxp", "011111100T110000111110nnnnnddddd", "=Fd Vn.2F", FP, scalarPair(laneFMAX)},
		{"fminnmp", "011111101T110000110010nnnnnddddd", "=Fd Vn.2F", FP, scalarPair(laneFMINNM)},
		{"fminp", "011111101T110000111110nnnnnddddd", "=Fd Vn.2F", FP, scalarPair(laneFMIN)},
	}}
}

func simdFloatTwoRows() Section {
	return Section{Ref: "C3.6 Advanced SIMD two-register miscellaneous: floating-point", Rows: []Spec{
		{"frintn", "0Q0011100T100001100010nnnnnddddd", "=Vd.F Vn.F", FP, fsame(roundInt(toNearest, false))},
		{"frintm", "0Q0011100T100001100110nnnnnddddd", "=Vd.F Vn.F", FP, fsame(roundInt(toMinus, false))},
		{"fcvtns", "0Q0011100T100001101010nnnnnddddd", "=Vd.F Vn.F", FP, fshift(toFixed(toNearest, false))},
		{"fcvtms", "0Q0011100T100001101110nnnnnddddd", "=Vd.F Vn.F", FP, fshift(toFixed(toMinus, false))},
		{"fcvtas", "0Q0011100T100001110010nnnnnddddd", "=Vd.F Vn.F", FP, fshift(toFixed(toAway, false))},
		{"scvtf", "0Q0011100T100001110110nnnnnddddd", "=Vd.F Vn.F", FP, fromIntegers(false, fshift(laneSCVTF))},
		{"fcmgt", "0Q0011101T100000110010nnnnnddddd", "=Vd.F Vn.F #0.0", FP, fsame(laneFCMGT0)},
		{"fcmeq", "0Q0011101T100000110110nnnnnddddd", "=Vd.F Vn.F #0.0", FP, fsame(laneFCMEQ0)},
		{"fcmlt", "0Q0011101T100000111010nnnnnddddd", "=Vd.F Vn.F #0.0", FP, fsame(laneFCMLT0)},
		{"fabs", "0Q0011101T100000111110nnnnnddddd", "=Vd.F Vn.F", FP, same(laneFABS)},
		{"frintp", "0Q0011101T100001100010nnnnnddddd", "=Vd.F Vn.F", FP, fsame(roundInt(toPlus, false))},
		{"frintz", "0Q0011101T100001100110nnnnnddddd", "=Vd.F Vn.F", FP, fsame(roundInt(toZero, false))},
		{"fcvtps", "0Q0011101T100001101010nnnnnddddd", "=Vd.F Vn.F", FP, fshift(toFixed(toPlus, false))},
		{"fcvtzs", "0Q0011101T100001101110nnnnnddddd", "=Vd.F Vn.F", FP, toIntegers(false, fshift(toFixed(toZero, false)))},
		{"frecpe", "0Q0011101T100001110110nnnnnddddd", "=Vd.F Vn.F", FP, fsame(laneFRECPE)},
		{"frinta", "0Q1011100T100001100010nnnnnddddd", "=Vd.F Vn.F", FP, fsame(roundInt(toAway, false))},
		{"frintx", "0Q1011100T100001100110nnnnnddddd", "=Vd.F Vn.F", FP, fsame(laneFRINTX)},
		{"fcvtnu", "0Q1011100T100001101010nnnnnddddd", "=Vd.F Vn.F", FP, fshift(toFixed(toNearest, true))},
		{"fcvtmu", "0Q1011100T100001101110nnnnnddddd", "=Vd.F Vn.F", FP, fshift(toFixed(toMinus, true))},
		{"fcvtau", "0Q1011100T100001110010nnnnnddddd", "=Vd.F Vn.F", FP, fshift(toFixed(toAway, true))},
		{"ucvtf", "0Q1011100T100001110110nnnnnddddd", "=Vd.F Vn.F", FP, fromIntegers(true, fshift(laneUCVTF))},
		{"fcmge", "0Q1011101T100000110010nnnnnddddd", "=Vd.F Vn.F #0.0", FP, fsame(laneFCMGE0)},
		{"fcmle", "0Q1011101T100000110110nnnnnddddd", "=Vd.F Vn.F #0.0", FP, fsame(laneFCMLE0)},
		{"fneg", "0Q1011101T100000111110nnnnnddddd", "=Vd.F Vn.F", FP, same(laneFNEG)},
		{"frinti", "0Q1011101T100001100110nnnnnddddd", "=Vd.F Vn.F", FP, fsame(laneFRINTI)},
		{"fcvtpu", "0Q1011101T100001101010nnnnnddddd", "=Vd.F Vn.F", FP, fshift(toFixed(toPlus, true))},
		{"fcvtzu", "0Q1011101T100001101110nnnnnddddd", "=Vd.F Vn.F", FP, toIntegers(true, fshift(toFixed(toZero, true)))},
		{"frsqrte", "0Q1011101T100001110110nnnnnddddd", "=Vd.F Vn.F", FP, fsame(laneFRSQRTE)},
		{"fsqrt", "0Q1011101T100001111110nnnnnddddd", "=Vd.F Vn.F", FP, fsame(laneFSQRT)},

		{"fcvtns", "010111100T100001101010nnnnnddddd", "=Fd Fn", FP, fshift(toFixed(toNearest, false))},
		{"fcvtms", "010111100T100001101110nnnnnddddd", "=Fd Fn", FP, fshift(toFixed(toMinus, false))},
		{"fcvtas", "010111100T100001110010nnnnnddddd", "=Fd Fn", FP, fshift(toFixed(toAway, false))},
		{"scvtf", "010111100T100001110110nnnnnddddd", "=Fd Fn", FP, fshift(laneSCVTF)},
		{"fcmgt", "010111101T100000110010nnnnnddddd", "=Fd Fn #0.0", FP, fsame(laneFCMGT0)},
		{"fcmeq", "010111101T100000110110nnnnnddddd", "=Fd Fn #0.0", FP, fsame(laneFCMEQ0)},
		{"fcmlt", "010111101T100000111010nnnnnddddd", "=Fd Fn #0.0", FP, fsame(laneFCMLT0)},
		{"fcvtps", "010111101T100001101010nnnnnddddd", "=Fd Fn", FP, fshift(toFixed(toPlus, false))},
		{"fcvtzs", "010111101T100001101110nnnnnddddd", "=Fd Fn", FP, fshift(toFixed(toZero, false))},
		{"frecpe", "010111101T100001110110nnnnnddddd", "=Fd Fn", FP, fsame(laneFRECPE)},
		{"frecpx", "010111101T100001111110nnnnnddddd", "=Fd Fn", FP, fsame(laneFRECPX)},
		{"fcvtnu", "011111100T100001101010nnnnnddddd", "=Fd Fn", FP, fshift(toFixed(toNearest, true))},
		{"fcvtmu", "011111100T100001101110nnnnnddddd", "=Fd Fn", FP, fshift(toFixed(toMinus, true))},
		{"fcvtau", "011111100T100001110010nnnnnddddd", "=Fd Fn", FP, fshift(toFixed(toAway, true))},
		{"ucvtf", "011111100T100001110110nnnnnddddd", "=Fd Fn", FP, fshift(laneUCVTF)},
		{"fcmge", "011111101T100000110010nnnnnddddd", "=Fd Fn #0.0", FP, fsame(laneFCMGE0)},
		{"fcmle", "011111101T100000110110nnnnnddddd", "=Fd Fn #0.0", FP, fsame(laneFCMLE0)},
		{"fcvtpu", "011111101T100001101010nnnnnddddd", "=Fd Fn", FP, fshift(toFixed(toPlus, true))},
		{"fcvtzu", "011111101T100001101110nnnnnddddd", "=Fd Fn", FP, fshift(toFixed(toZero, true))},
		{"frsqrte", "011111101T100001110110nnnnnddddd", "=Fd Fn", FP, fsame(laneFRSQRTE)},
	}}
}

func simdHalfTwoRows() Section {
	return Section{Ref: "C3.6 Advanced SIMD two-register miscellaneous (FP16)", Feature: "FP16", Rows: append(
		derive(simdFloatTwoRows().Rows, halfTwo),
		Spec{"fmaxnmv", "0Q00111000110000110010nnnnnddddd", "=Hd Vn.h", FP, across(laneFMAXNM, true)},
		Spec{"fmaxv", "0Q00111000110000111110nnnnnddddd", "=Hd Vn.h", FP, across(laneFMAX, true)},
		Spec{"fminnmv", "0Q00111010110000110010nnnnnddddd", "=Hd Vn.h", FP, across(laneFMINNM, true)},
		Spec{"fminv", "0Q00111010110000111110nnnnnddddd", "=Hd Vn.h", FP, across(laneFMIN, true)},
		Spec{"fmaxnmp", "0101111000110000110010nnnnnddddd", "=Hd Vn.2h", FP, scalarPair(laneFMAXNM)},
		Spec{"faddp", "0101111000110000110110nnnnnddddd", "=Hd Vn.2h", FP, scalarPair(laneFADD)},
		Spec{"fmaxp", "0101111000110000111110nnnnnddddd", "=Hd Vn.2h", FP, scalarPair(laneFMAX)},
		Spec{"fminnmp", "0101111010110000110010nnnnnddddd", "=Hd Vn.2h", FP, scalarPair(laneFMINNM)},
		Spec{"fminp", "0101111010110000111110nnnnnddddd", "=Hd Vn.2h", FP, scalarPair(laneFMIN)},
	)}
}

// Conversions between formats.
func simdConvertRows() Section {
	return Section{Ref: "C3.6 Advanced SIMD two-register miscellaneous: conversions", Rows: []Spec{
		{"fcvtn{2}", "0Q00111000100001011010nnnnnddddd", "+Vd.h Vn.4s", FP, convertNarrow(false)},
		{"fcvtn{2}", "0Q00111001100001011010nnnnnddddd", "+Vd.s Vn.2d", FP, convertNarrow(false)},
		{"fcvtxn{2}", "0Q10111001100001011010nnnnnddddd", "+Vd.s Vn.2d", FP, convertNarrow(true)},
		{"fcvtl{2}", "0Q00111000100001011110nnnnnddddd", "=Vd.4s Vn.h", FP, bindConvertLong},
		{"fcvtl{2}", "0Q00111001100001011110nnnnnddddd", "=Vd.2d Vn.s", FP, bindConvertLong},
		{"fcvtxn", "0111111001100001011010nnnnnddddd", "=Sd Dn", FP, convertNarrow(true)},
	}}
}

// Shifts by an immediate: i is immh:immb, whose highest bit is the width.
func simdShiftRows() Section {
	return Section{Ref: "C3.6 Advanced SIMD shift by immediate", Rows: []Spec{
		{"sshr", "0Q0011110iiiiiii000001nnnnnddddd", "=Vd.I Vn.I #rshift", FP, shift(laneSSHR, nil, wordSSHRH, wordSSHRS, wordSSHRD)},
		{"ushr", "0Q1011110iiiiiii000001nnnnnddddd", "=Vd.I Vn.I #rshift", FP, shift(laneUSHR, wordUSHRB, wordUSHRH, wordUSHRS, wordUSHRD)},
		{"ssra", "0Q0011110iiiiiii000101nnnnnddddd", "+Vd.I Vn.I #rshift", FP, shift(laneSSRA)},
		{"usra", "0Q1011110iiiiiii000101nnnnnddddd", "+Vd.I Vn.I #rshift", FP, shift(laneUSRA)},
		{"srshr", "0Q0011110iiiiiii001001nnnnnddddd", "=Vd.I Vn.I #rshift", FP, shift(laneSRSHR)},
		{"urshr", "0Q1011110iiiiiii001001nnnnnddddd", "=Vd.I Vn.I #rshift", FP, shift(laneURSHR)},
		{"srsra", "0Q0011110iiiiiii001101nnnnnddddd", "+Vd.I Vn.I #rshift", FP, shift(laneSRSRA)},
		{"ursra", "0Q1011110iiiiiii001101nnnnnddddd", "+Vd.I Vn.I #rshift", FP, shift(laneURSRA)},
		{"sri", "0Q1011110iiiiiii010001nnnnnddddd", "+Vd.I Vn.I #rshift", FP, shift(laneSRI)},
		{"shl", "0Q0011110iiiiiii010101nnnnnddddd", "=Vd.I Vn.I #lshift", FP, shift(laneSHL, wordSHLB, wordSHLH, wordSHLS, wordSHLD)},
		{"sli", "0Q1011110iiiiiii010101nnnnnddddd", "+Vd.I Vn.I #lshift", FP, shift(laneSLI)},
		{"sqshlu", "0Q1011110iiiiiii011001nnnnnddddd", "=Vd.I Vn.I #lshift", FP, shift(laneSQSHLU)},
		{"sqshl", "0Q0011110iiiiiii011101nnnnnddddd", "=Vd.I Vn.I #lshift", FP, shift(laneSQSHLimm)},
		{"uqshl", "0Q1011110iiiiiii011101nnnnnddddd", "=Vd.I Vn.I #lshift", FP, shift(laneUQSHLimm)},
		{"shrn{2}", "0Q0011110iiiiiii100001nnnnnddddd", "+Vd.Ibhs Vn.WIbhs #rshift", FP, narrowWords()},
		{"rshrn{2}", "0Q0011110iiiiiii100011nnnnnddddd", "+Vd.Ibhs Vn.WIbhs #rshift", FP, narrowShift(laneRSHRN)},
		{"sqshrn{2}", "0Q0011110iiiiiii100101nnnnnddddd", "+Vd.Ibhs Vn.WIbhs #rshift", FP, narrowShift(laneSQSHRN)},
		{"uqshrn{2}", "0Q1011110iiiiiii100101nnnnnddddd", "+Vd.Ibhs Vn.WIbhs #rshift", FP, narrowShift(laneUQSHRN)},
		{"sqrshrn{2}", "0Q0011110iiiiiii100111nnnnnddddd", "+Vd.Ibhs Vn.WIbhs #rshift", FP, narrowShift(laneSQRSHRN)},
		{"uqrshrn{2}", "0Q1011110iiiiiii100111nnnnnddddd", "+Vd.Ibhs Vn.WIbhs #rshift", FP, narrowShift(laneUQRSHRN)},
		{"sqshrun{2}", "0Q1011110iiiiiii100001nnnnnddddd", "+Vd.Ibhs Vn.WIbhs #rshift", FP, narrowShift(laneSQSHRUN)},
		{"sqrshrun{2}", "0Q1011110iiiiiii100011nnnnnddddd", "+Vd.Ibhs Vn.WIbhs #rshift", FP, narrowShift(laneSQRSHRUN)},
		{"sshll{2}", "0Q0011110iiiiiii101001nnnnnddddd", "=Vd.WIbhs Vn.Ibhs #lshift", FP, longShiftWords(laneSSHLL, true)},
		{"ushll{2}", "0Q1011110iiiiiii101001nnnnnddddd", "=Vd.WIbhs Vn.Ibhs #lshift", FP, longShiftWords(laneSHL, false)},

		{"sshr", "010111110iiiiiii000001nnnnnddddd", "=Id.d In.d #rshift", FP, shift(laneSSHR)},
		{"ushr", "011111110iiiiiii000001nnnnnddddd", "=Id.d In.d #rshift", FP, shift(laneUSHR)},
		{"ssra", "010111110iiiiiii000101nnnnnddddd", "+Id.d In.d #rshift", FP, shift(laneSSRA)},
		{"usra", "011111110iiiiiii000101nnnnnddddd", "+Id.d In.d #rshift", FP, shift(laneUSRA)},
		{"srshr", "010111110iiiiiii001001nnnnnddddd", "=Id.d In.d #rshift", FP, shift(laneSRSHR)},
		{"urshr", "011111110iiiiiii001001nnnnnddddd", "=Id.d In.d #rshift", FP, shift(laneURSHR)},
		{"srsra", "010111110iiiiiii001101nnnnnddddd", "+Id.d In.d #rshift", FP, shift(laneSRSRA)},
		{"ursra", "011111110iiiiiii001101nnnnnddddd", "+Id.d In.d #rshift", FP, shift(laneURSRA)},
		{"sri", "011111110iiiiiii010001nnnnnddddd", "+Id.d In.d #rshift", FP, shift(laneSRI)},
		{"shl", "010111110iiiiiii010101nnnnnddddd", "=Id.d In.d #lshift", FP, shift(laneSHL)},
		{"sli", "011111110iiiiiii010101nnnnnddddd", "+Id.d In.d #lshift", FP, shift(laneSLI)},
		{"sqshlu", "011111110iiiiiii011001nnnnnddddd", "=Id In #lshift", FP, shift(laneSQSHLU)},
		{"sqshl", "010111110iiiiiii011101nnnnnddddd", "=Id In #lshift", FP, shift(laneSQSHLimm)},
		{"uqshl", "011111110iiiiiii011101nnnnnddddd", "=Id In #lshift", FP, shift(laneUQSHLimm)},
		{"sqshrn", "010111110iiiiiii100101nnnnnddddd", "=Id.bhs Jn.bhs #rshift", FP, narrowShift(laneSQSHRN)},
		{"uqshrn", "011111110iiiiiii100101nnnnnddddd", "=Id.bhs Jn.bhs #rshift", FP, narrowShift(laneUQSHRN)},
		{"sqrshrn", "010111110iiiiiii100111nnnnnddddd", "=Id.bhs Jn.bhs #rshift", FP, narrowShift(laneSQRSHRN)},
		{"uqrshrn", "011111110iiiiiii100111nnnnnddddd", "=Id.bhs Jn.bhs #rshift", FP, narrowShift(laneUQRSHRN)},
		{"sqshrun", "011111110iiiiiii100001nnnnnddddd", "=Id.bhs Jn.bhs #rshift", FP, narrowShift(laneSQSHRUN)},
		{"sqrshrun", "011111110iiiiiii100011nnnnnddddd", "=Id.bhs Jn.bhs #rshift", FP, narrowShift(laneSQRSHRUN)},
	}}
}

func simdFixedRows() Section {
	return Section{Ref: "C3.6 Advanced SIMD shift by immediate: fixed-point conversions", Rows: []Spec{
		{"scvtf", "0Q0011110iiiiiii111001nnnnnddddd", "=Vd.Isd Vn.Isd #rshift", FP, fshift(laneSCVTF)},
		{"ucvtf", "0Q1011110iiiiiii111001nnnnnddddd", "=Vd.Isd Vn.Isd #rshift", FP, fshift(laneUCVTF)},
		{"fcvtzs", "0Q0011110iiiiiii111111nnnnnddddd", "=Vd.Isd Vn.Isd #rshift", FP, fshift(toFixed(toZero, false))},
		{"fcvtzu", "0Q1011110iiiiiii111111nnnnnddddd", "=Vd.Isd Vn.Isd #rshift", FP, fshift(toFixed(toZero, true))},
		{"scvtf", "010111110iiiiiii111001nnnnnddddd", "=Id.sd In.sd #rshift", FP, fshift(laneSCVTF)},
		{"ucvtf", "011111110iiiiiii111001nnnnnddddd", "=Id.sd In.sd #rshift", FP, fshift(laneUCVTF)},
		{"fcvtzs", "010111110iiiiiii111111nnnnnddddd", "=Id.sd In.sd #rshift", FP, fshift(toFixed(toZero, false))},
		{"fcvtzu", "011111110iiiiiii111111nnnnnddddd", "=Id.sd In.sd #rshift", FP, fshift(toFixed(toZero, true))},
	}}
}

func simdHalfFixedRows() Section {
	return Section{Ref: "C3.6 Advanced SIMD shift by immediate: fixed-point conversions (FP16)", Feature: "FP16", Rows: derive(simdFixedRows().Rows, sameRow)}
}

// Copies, permutations, tables and immediates.
func simdMoveRows() Section {
	return Section{Ref: "C3.6 Advanced SIMD copy, permute, extract, table and modified immediate", Rows: []Spec{
		{"dup", "0Q001110000iiiii000001nnnnnddddd", "=Vd.K Vn.K[i]", FP, bindElement(dupElement, 1)},
		{"dup", "0Q001110000iiiii000011nnnnnddddd", "=Vd.Kbhs Wn", FP, forWidth(32, 0, dupGeneral32, bindVector(dupGeneral))},
		{"dup", "0Q001110000iiiii000011nnnnnddddd", "=Vd.Kd Xn", FP, bindVector(dupGeneral)},
		{"smov", "00001110000iiiii001011nnnnnddddd", "=Wd Vn.Kbh[i]", FP, bindElement(smov32, 1)},
		{"smov", "01001110000iiiii001011nnnnnddddd", "=Xd Vn.Kbhs[i]", FP, bindElement(smov64, 1)},
		{"umov", "00001110000iiiii001111nnnnnddddd", "=Wd Vn.Kbhs[i]", FP, bindElement(umov, 1)},
		{"umov", "01001110000iiiii001111nnnnnddddd", "=Xd Vn.Kd[i]", FP, bindElement(umov, 1)},
		{"ins", "01001110000iiiii000111nnnnnddddd", "+Vd.Kbhs[i] Wn", FP, bindElement(insGeneral, 0)},
		{"ins", "01001110000iiiii000111nnnnnddddd", "+Vd.Kd[i] Xn", FP, bindElement(insGeneral, 0)},
		{"ins", "01101110000iiiii0jjjj1nnnnnddddd", "+Vd.K[i] Vn.K[j]", FP, bindInsElement},
		{"dup", "01011110000iiiii000001nnnnnddddd", "=Kd Vn.K[i]", FP, bindElement(dupElement, 1)},

		{"uzp1", "0Q001110TT0mmmmm000110nnnnnddddd", "=Vd.T Vn.T Vm.T", FP, unzip(0)},
		{"trn1", "0Q001110TT0mmmmm001010nnnnnddddd", "=Vd.T Vn.T Vm.T", FP, transpose(0)},
		{"zip1", "0Q001110TT0mmmmm001110nnnnnddddd", "=Vd.T Vn.T Vm.T", FP, zip(0)},
		{"uzp2", "0Q001110TT0mmmmm010110nnnnnddddd", "=Vd.T Vn.T Vm.T", FP, unzip(1)},
		{"trn2", "0Q001110TT0mmmmm011010nnnnnddddd", "=Vd.T Vn.T Vm.T", FP, transpose(1)},
		{"zip2", "0Q001110TT0mmmmm011110nnnnnddddd", "=Vd.T Vn.T Vm.T", FP, zip(1)},
		{"ext", "0Q101110000mmmmm0jjjj0nnnnnddddd", "=Vd.b Vn.b Vm.b #ext", FP, bindVector(vecEXT)},

		{"tbl", "0Q001110000mmmmm000000nnnnnddddd", "=Vd.b {n1.16b} Vm.b", FP, table(false, 1)},
		{"tbl", "0Q001110000mmmmm001000nnnnnddddd", "=Vd.b {n2.16b} Vm.b", FP, table(false, 2)},
		{"tbl", "0Q001110000mmmmm010000nnnnnddddd", "=Vd.b {n3.16b} Vm.b", FP, table(false, 3)},
		{"tbl", "0Q001110000mmmmm011000nnnnnddddd", "=Vd.b {n4.16b} Vm.b", FP, table(false, 4)},
		{"tbx", "0Q001110000mmmmm000100nnnnnddddd", "+Vd.b {n1.16b} Vm.b", FP, table(true, 1)},
		{"tbx", "0Q001110000mmmmm001100nnnnnddddd", "+Vd.b {n2.16b} Vm.b", FP, table(true, 2)},
		{"tbx", "0Q001110000mmmmm010100nnnnnddddd", "+Vd.b {n3.16b} Vm.b", FP, table(true, 3)},
		{"tbx", "0Q001110000mmmmm011100nnnnnddddd", "+Vd.b {n4.16b} Vm.b", FP, table(true, 4)},

		{"movi", "0Q00111100000iii0CC001jjjjjddddd", "=Vd.s #simm8", FP, bindVector(modMOVI)},
		{"orr", "0Q00111100000iii0CC101jjjjjddddd", "+Vd.s #simm8", FP, bindVector(modORR)},
		{"movi", "0Q00111100000iii10C001jjjjjddddd", "=Vd.h #simm8", FP, bindVector(modMOVI)},
		{"orr", "0Q00111100000iii10C101jjjjjddddd", "+Vd.h #simm8", FP, bindVector(modORR)},
		{"movi", "0Q00111100000iii110M01jjjjjddddd", "=Vd.s #simm8", FP, bindVector(modMOVI)},
		{"movi", "0Q00111100000iii111001jjjjjddddd", "=Vd.b #simm8", FP, bindVector(modMOVI)},
		{"fmov", "0Q00111100000iii111101jjjjjddddd", "=Vd.s #vfimm", FP, bindVector(modMOVI)},
		{"mvni", "0Q10111100000iii0CC001jjjjjddddd", "=Vd.s #simm8", FP, bindVector(modMVNI)},
		{"bic", "0Q10111100000iii0CC101jjjjjddddd", "+Vd.s #simm8", FP, bindVector(modBIC)},
		{"mvni", "0Q10111100000iii10C001jjjjjddddd", "=Vd.h #simm8", FP, bindVector(modMVNI)},
		{"bic", "0Q10111100000iii10C101jjjjjddddd", "+Vd.h #simm8", FP, bindVector(modBIC)},
		{"mvni", "0Q10111100000iii110M01jjjjjddddd", "=Vd.s #simm8", FP, bindVector(modMVNI)},
		{"movi", "0010111100000iii111001jjjjjddddd", "=Dd #simm8", FP, bindVector(modMOVI)},
		{"movi", "0110111100000iii111001jjjjjddddd", "=Vd.2d #simm8", FP, bindVector(modMOVI)},
		{"fmov", "0110111100000iii111101jjjjjddddd", "=Vd.2d #vfimm", FP, bindVector(modMOVI)},
	}}
}

func simdHalfMoveRows() Section {
	return Section{Ref: "C3.6 Advanced SIMD modified immediate (FP16)", Feature: "FP16", Rows: []Spec{
		{"fmov", "0Q00111100000iii111111jjjjjddddd", "=Vd.h #vfimm", FP, bindVector(modMOVI)},
	}}
}

// Extensions.

func rdmRows() Section {
	return Section{Ref: "C3.6 Advanced SIMD: rounding double multiply accumulate", Feature: "RDM", Rows: []Spec{
		{"sqrdmlah", "0Q101110TT0mmmmm100001nnnnnddddd", "+Vd.Ths Vn.Ths Vm.Ths", FP, same(laneSQRDMLAH)},
		{"sqrdmlsh", "0Q101110TT0mmmmm100011nnnnnddddd", "+Vd.Ths Vn.Ths Vm.Ths", FP, same(laneSQRDMLSH)},
		{"sqrdmlah", "01111110TT0mmmmm100001nnnnnddddd", "+Td.hs Tn.hs Tm.hs", FP, same(laneSQRDMLAH)},
		{"sqrdmlsh", "01111110TT0mmmmm100011nnnnnddddd", "+Td.hs Tn.hs Tm.hs", FP, same(laneSQRDMLSH)},
		{"sqrdmlah", "0Q101111TTLMmmmm1101H0nnnnnddddd", "+Vd.Ths Vn.Ths Vm.Ths[x]", FP, byElem(laneSQRDMLAH)},
		{"sqrdmlsh", "0Q101111TTLMmmmm1111H0nnnnnddddd", "+Vd.Ths Vn.Ths Vm.Ths[x]", FP, byElem(laneSQRDMLSH)},
		{"sqrdmlah", "01111111TTLMmmmm1101H0nnnnnddddd", "+Td.hs Tn.hs Vm.Ths[x]", FP, byElem(laneSQRDMLAH)},
		{"sqrdmlsh", "01111111TTLMmmmm1111H0nnnnnddddd", "+Td.hs Tn.hs Vm.Ths[x]", FP, byElem(laneSQRDMLSH)},
	}}
}

func dotRows() Section {
	return Section{Ref: "C3.6 Advanced SIMD: dot product", Feature: "DotProd", Rows: []Spec{
		{"sdot", "0Q001110100mmmmm100101nnnnnddddd", "+Vd.s Vn.b Vm.b", FP, bindVector(dotVector(true))},
		{"udot", "0Q101110100mmmmm100101nnnnnddddd", "+Vd.s Vn.b Vm.b", FP, bindVector(dotVector(false))},
		{"sdot", "0Q00111110LMmmmm1110H0nnnnnddddd", "+Vd.s Vn.b Vm.4b[x]", FP, bindDotElement(true)},
		{"udot", "0Q10111110LMmmmm1110H0nnnnnddddd", "+Vd.s Vn.b Vm.4b[x]", FP, bindDotElement(false)},
	}}
}

func fcmaRows() Section {
	return Section{Ref: "C3.6 Advanced SIMD: complex numbers", Feature: "FCMA", Rows: []Spec{
		{"fcmla", "0Q101110TT0mmmmm110rr1nnnnnddddd", "+Vd.Thsd Vn.Thsd Vm.Thsd #rot", FP, bindVector(fcmlaVector)},
		{"fcadd", "0Q101110TT0mmmmm111r01nnnnnddddd", "=Vd.Thsd Vn.Thsd Vm.Thsd #rot90", FP, bindVector(fcadd)},
		{"fcmla", "0Q10111101LMmmmm0rr1H0nnnnnddddd", "+Vd.h Vn.h Vm.h[c] #rot", FP, bindFcmlaElement},
		{"fcmla", "0110111110LMmmmm0rr1H0nnnnnddddd", "+Vd.4s Vn.4s Vm.s[c] #rot", FP, bindFcmlaElement},
	}}
}

// The Cryptographic Extension.
func cryptoRows() Section {
	return Section{Ref: "C3.6 Cryptographic", Feature: "AES", Rows: []Spec{
		{"aese", "0100111000101000010010nnnnnddddd", "+Vd.16b Vn.16b", FP, opFunc(aese)},
		{"aesd", "0100111000101000010110nnnnnddddd", "+Vd.16b Vn.16b", FP, opFunc(aesd)},
		{"aesmc", "0100111000101000011010nnnnnddddd", "=Vd.16b Vn.16b", FP, opFunc(aesmc)},
		{"aesimc", "0100111000101000011110nnnnnddddd", "=Vd.16b Vn.16b", FP, opFunc(aesimc)},
		{"pmull", "00001110111mmmmm111000nnnnnddddd", "=Vd.1q Vn.1d Vm.1d", FP, opFunc(pmull1)},
		{"pmull2", "01001110111mmmmm111000nnnnnddddd", "=Vd.1q Vn.2d Vm.2d", FP, opFunc(pmull2)},
	}}
}

func shaRows() Section {
	return Section{Ref: "C3.6 Cryptographic: SHA", Feature: "SHA1 SHA256", Rows: []Spec{
		{"sha1c", "01011110000mmmmm000000nnnnnddddd", "+Qd Sn Vm.4s", FP, sha1Rounds(shaChoose)},
		{"sha1p", "01011110000mmmmm000100nnnnnddddd", "+Qd Sn Vm.4s", FP, sha1Rounds(shaParity)},
		{"sha1m", "01011110000mmmmm001000nnnnnddddd", "+Qd Sn Vm.4s", FP, sha1Rounds(shaMajority)},
		{"sha1su0", "01011110000mmmmm001100nnnnnddddd", "+Vd.4s Vn.4s Vm.4s", FP, opFunc(sha1su0)},
		{"sha256h", "01011110000mmmmm010000nnnnnddddd", "+Qd Qn Vm.4s", FP, opFunc(sha256h)},
		{"sha256h2", "01011110000mmmmm010100nnnnnddddd", "+Qd Qn Vm.4s", FP, opFunc(sha256h2)},
		{"sha256su1", "01011110000mmmmm011000nnnnnddddd", "+Vd.4s Vn.4s Vm.4s", FP, opFunc(sha256su1)},
		{"sha1h", "0101111000101000000010nnnnnddddd", "=Sd Sn", FP, opFunc(sha1h)},
		{"sha1su1", "0101111000101000000110nnnnnddddd", "+Vd.4s Vn.4s", FP, opFunc(sha1su1)},
		{"sha256su0", "0101111000101000001010nnnnnddddd", "+Vd.4s Vn.4s", FP, opFunc(sha256su0)},
	}}
}

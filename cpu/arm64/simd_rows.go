package arm64

// Advanced SIMD, three registers of the same type (C4.1.96). T is the size.
func simdThreeRows() Section {
	return Section{Ref: "C3.6 Advanced SIMD three same", Rows: []Spec{
		{"shadd", "0Q001110TT1mmmmm000001nnnnnddddd", "=Vd.Tbhs Vn.Tbhs Vm.Tbhs", FP, same(laneSHADD)},
		{"uhadd", "0Q101110TT1mmmmm000001nnnnnddddd", "=Vd.Tbhs Vn.Tbhs Vm.Tbhs", FP, same(laneUHADD)},
		{"srhadd", "0Q001110TT1mmmmm000101nnnnnddddd", "=Vd.Tbhs Vn.Tbhs Vm.Tbhs", FP, same(laneSRHADD)},
		{"urhadd", "0Q101110TT1mmmmm000101nnnnnddddd", "=Vd.Tbhs Vn.Tbhs Vm.Tbhs", FP, same(laneURHADD)},
		{"shsub", "0Q001110TT1mmmmm001001nnnnnddddd", "=Vd.Tbhs Vn.Tbhs Vm.Tbhs", FP, same(laneSHSUB)},
		{"uhsub", "0Q101110TT1mmmmm001001nnnnnddddd", "=Vd.Tbhs Vn.Tbhs Vm.Tbhs", FP, same(laneUHSUB)},
		{"sqadd", "0Q001110TT1mmmmm000011nnnnnddddd", "=Vd.T Vn.T Vm.T", FP, same(laneSQADD)},
		{"uqadd", "0Q101110TT1mmmmm000011nnnnnddddd", "=Vd.T Vn.T Vm.T", FP, same(laneUQADD)},
		{"sqsub", "0Q001110TT1mmmmm001011nnnnnddddd", "=Vd.T Vn.T Vm.T", FP, same(laneSQSUB)},
		{"uqsub", "0Q101110TT1mmmmm001011nnnnnddddd", "=Vd.T Vn.T Vm.T", FP, same(laneUQSUB)},
		{"cmgt", "0Q001110TT1mmmmm001101nnnnnddddd", "=Vd.T Vn.T Vm.T", FP, inWords(laneCMGT, wordCMGTB, wordCMGTH, wordCMGTS, wordCMGTD)},
		{"cmhi", "0Q101110TT1mmmmm001101nnnnnddddd", "=Vd.T Vn.T Vm.T", FP, inWords(laneCMHI, wordCMHIB, wordCMHIH, wordCMHIS, wordCMHID)},
		{"cmge", "0Q001110TT1mmmmm001111nnnnnddddd", "=Vd.T Vn.T Vm.T", FP, inWords(laneCMGE, wordCMGEB, wordCMGEH, wordCMGES, wordCMGED)},
		{"cmhs", "0Q101110TT1mmmmm001111nnnnnddddd", "=Vd.T Vn.T Vm.T", FP, inWords(laneCMHS, wordCMHSB, wordCMHSH, wordCMHSS, wordCMHSD)},
		{"sshl", "0Q001110TT1mmmmm010001nnnnnddddd", "=Vd.T Vn.T Vm.T", FP, same(laneSSHL)},
		{"ushl", "0Q101110TT1mmmmm010001nnnnnddddd", "=Vd.T Vn.T Vm.T", FP, same(laneUSHL)},
		{"sqshl", "0Q001110TT1mmmmm010011nnnnnddddd", "=Vd.T Vn.T Vm.T", FP, same(laneSQSHL)},
		{"uqshl", "0Q101110TT1mmmmm010011nnnnnddddd", "=Vd.T Vn.T Vm.T", FP, same(laneUQSHL)},
		{"srshl", "0Q001110TT1mmmmm010101nnnnnddddd", "=Vd.T Vn.T Vm.T", FP, same(laneSRSHL)},
		{"urshl", "0Q101110TT1mmmmm010101nnnnnddddd", "=Vd.T Vn.T Vm.T", FP, same(laneURSHL)},
		{"sqrshl", "0Q001110TT1mmmmm010111nnnnnddddd", "=Vd.T Vn.T Vm.T", FP, same(laneSQRSHL)},
		{"uqrshl", "0Q101110TT1mmmmm010111nnnnnddddd", "=Vd.T Vn.T Vm.T", FP, same(laneUQRSHL)},
		{"smax", "0Q001110TT1mmmmm011001nnnnnddddd", "=Vd.Tbhs Vn.Tbhs Vm.Tbhs", FP, inWords(laneSMAX, wordSMAXB, wordSMAXH, wordSMAXS)},
		{"umax", "0Q101110TT1mmmmm011001nnnnnddddd", "=Vd.Tbhs Vn.Tbhs Vm.Tbhs", FP, inWords(laneUMAX, wordUMAXB, wordUMAXH, wordUMAXS)},
		{"smin", "0Q001110TT1mmmmm011011nnnnnddddd", "=Vd.Tbhs Vn.Tbhs Vm.Tbhs", FP, inWords(laneSMIN, wordSMINB, wordSMINH, wordSMINS)},
		{"umin", "0Q101110TT1mmmmm011011nnnnnddddd", "=Vd.Tbhs Vn.Tbhs Vm.Tbhs", FP, inWords(laneUMIN, wordUMINB, wordUMINH, wordUMINS)},
		{"sabd", "0Q001110TT1mmmmm011101nnnnnddddd", "=Vd.Tbhs Vn.Tbhs Vm.Tbhs", FP, same(laneSABD)},
		{"uabd", "0Q101110TT1mmmmm011101nnnnnddddd", "=Vd.Tbhs Vn.Tbhs Vm.Tbhs", FP, same(laneUABD)},
		{"saba", "0Q001110TT1mmmmm011111nnnnnddddd", "+Vd.Tbhs Vn.Tbhs Vm.Tbhs", FP, same(laneSABA)},
		{"uaba", "0Q101110TT1mmmmm011111nnnnnddddd", "+Vd.Tbhs Vn.Tbhs Vm.Tbhs", FP, same(laneUABA)},
		{"add", "0Q001110TT1mmmmm100001nnnnnddddd", "=Vd.T Vn.T Vm.T", FP, wholeOf(add4s, add2d, inWords(laneADD, wordADDB, wordADDH, wordADDS, wordADDD))},
		{"sub", "0Q101110TT1mmmmm100001nnnnnddddd", "=Vd.T Vn.T Vm.T", FP, wholeOf(sub4s, sub2d, inWords(laneSUB, wordSUBB, wordSUBH, wordSUBS, wordSUBD))},
		{"cmtst", "0Q001110TT1mmmmm100011nnnnnddddd", "=Vd.T Vn.T Vm.T", FP, inWords(laneCMTST, wordCMTSTB, wordCMTSTH, wordCMTSTS, wordCMTSTD)},
		{"cmeq", "0Q101110TT1mmmmm100011nnnnnddddd", "=Vd.T Vn.T Vm.T", FP, inWords(laneCMEQ, wordCMEQB, wordCMEQH, wordCMEQS, wordCMEQD)},
		{"mla", "0Q001110TT1mmmmm100101nnnnnddddd", "+Vd.Tbhs Vn.Tbhs Vm.Tbhs", FP, inWords3(laneMLA, nil, wordMLAH, wordMLAS)},
		{"mls", "0Q101110TT1mmmmm100101nnnnnddddd", "+Vd.Tbhs Vn.Tbhs Vm.Tbhs", FP, inWords3(laneMLS, nil, wordMLSH, wordMLSS)},
		{"mul", "0Q001110TT1mmmmm100111nnnnnddddd", "=Vd.Tbhs Vn.Tbhs Vm.Tbhs", FP, inWords(laneMUL, nil, wordMULH, wordMULS)},
		{"pmul", "0Q101110001mmmmm100111nnnnnddddd", "=Vd.b Vn.b Vm.b", FP, same(lanePMUL)},
		{"smaxp", "0Q001110TT1mmmmm101001nnnnnddddd", "=Vd.Tbhs Vn.Tbhs Vm.Tbhs", FP, pairwise(laneSMAX)},
		{"umaxp", "0Q101110TT1mmmmm101001nnnnnddddd", "=Vd.Tbhs Vn.Tbhs Vm.Tbhs", FP, pairwiseWords(laneUMAX, wordUMAXPB)},
		{"sminp", "0Q001110TT1mmmmm101011nnnnnddddd", "=Vd.Tbhs Vn.Tbhs Vm.Tbhs", FP, pairwise(laneSMIN)},
		{"uminp", "0Q101110TT1mmmmm101011nnnnnddddd", "=Vd.Tbhs Vn.Tbhs Vm.Tbhs", FP, pairwiseWords(laneUMIN, wordUMINPB)},
		{"sqdmulh", "0Q001110TT1mmmmm101101nnnnnddddd", "=Vd.Ths Vn.Ths Vm.Ths", FP, same(laneSQDMULH)},
		{"sqrdmulh", "0Q101110TT1mmmmm101101nnnnnddddd", "=Vd.Ths Vn.Ths Vm.Ths", FP, same(laneSQRDMULH)},
		{"addp", "0Q001110TT1mmmmm101111nnnnnddddd", "=Vd.T Vn.T Vm.T", FP, pairwiseWords(laneADD, wordADDPB, nil, wordADDPS)},

		{"and", "0Q001110001mmmmm000111nnnnnddddd", "=Vd.b Vn.b Vm.b", FP, whole(and128, inWords(laneAND, wordAND))},
		{"bic", "0Q001110011mmmmm000111nnnnnddddd", "=Vd.b Vn.b Vm.b", FP, inWords(laneBIC, wordBIC)},
		{"orr", "0Q001110101mmmmm000111nnnnnddddd", "=Vd.b Vn.b Vm.b", FP, whole(orr128, inWords(laneORR, wordORR))},
		{"orn", "0Q001110111mmmmm000111nnnnnddddd", "=Vd.b Vn.b Vm.b", FP, inWords(laneORN, wordORN)},
		{"eor", "0Q101110001mmmmm000111nnnnnddddd", "=Vd.b Vn.b Vm.b", FP, whole(eor128, inWords(laneEOR, wordEOR))},
		{"bsl", "0Q101110011mmmmm000111nnnnnddddd", "+Vd.b Vn.b Vm.b", FP, inWords3(laneBSL, wordBSL)},
		{"bit", "0Q101110101mmmmm000111nnnnnddddd", "+Vd.b Vn.b Vm.b", FP, inWords3(laneBIT, wordBIT)},
		{"bif", "0Q101110111mmmmm000111nnnnnddddd", "+Vd.b Vn.b Vm.b", FP, inWords3(laneBIF, wordBIF)},

		{"sqadd", "01011110TT1mmmmm000011nnnnnddddd", "=Td Tn Tm", FP, same(laneSQADD)},
		{"uqadd", "01111110TT1mmmmm000011nnnnnddddd", "=Td Tn Tm", FP, same(laneUQADD)},
		{"sqsub", "01011110TT1mmmmm001011nnnnnddddd", "=Td Tn Tm", FP, same(laneSQSUB)},
		{"uqsub", "01111110TT1mmmmm001011nnnnnddddd", "=Td Tn Tm", FP, same(laneUQSUB)},
		{"cmgt", "01011110111mmmmm001101nnnnnddddd", "=Dd Dn Dm", FP, same(laneCMGT)},
		{"cmhi", "01111110111mmmmm001101nnnnnddddd", "=Dd Dn Dm", FP, same(laneCMHI)},
		{"cmge", "01011110111mmmmm001111nnnnnddddd", "=Dd Dn Dm", FP, same(laneCMGE)},
		{"cmhs", "01111110111mmmmm001111nnnnnddddd", "=Dd Dn Dm", FP, same(laneCMHS)},
		{"sshl", "01011110111mmmmm010001nnnnnddddd", "=Dd Dn Dm", FP, same(laneSSHL)},
		{"ushl", "01111110111mmmmm010001nnnnnddddd", "=Dd Dn Dm", FP, same(laneUSHL)},
		{"sqshl", "01011110TT1mmmmm010011nnnnnddddd", "=Td Tn Tm", FP, same(laneSQSHL)},
		{"uqshl", "01111110TT1mmmmm010011nnnnnddddd", "=Td Tn Tm", FP, same(laneUQSHL)},
		{"srshl", "01011110111mmmmm010101nnnnnddddd", "=Dd Dn Dm", FP, same(laneSRSHL)},
		{"urshl", "01111110111mmmmm010101nnnnnddddd", "=Dd Dn Dm", FP, same(laneURSHL)},
		{"sqrshl", "01011110TT1mmmmm010111nnnnnddddd", "=Td Tn Tm", FP, same(laneSQRSHL)},
		{"uqrshl", "01111110TT1mmmmm010111nnnnnddddd", "=Td Tn Tm", FP, same(laneUQRSHL)},
		{"add", "01011110111mmmmm100001nnnnnddddd", "=Dd Dn Dm", FP, same(laneADD)},
		{"sub", "01111110111mmmmm100001nnnnnddddd", "=Dd Dn Dm", FP, same(laneSUB)},
		{"cmtst", "01011110111mmmmm100011nnnnnddddd", "=Dd Dn Dm", FP, same(laneCMTST)},
		{"cmeq", "01111110111mmmmm100011nnnnnddddd", "=Dd Dn Dm", FP, same(laneCMEQ)},
		{"sqdmulh", "01011110TT1mmmmm101101nnnnnddddd", "=Td.hs Tn.hs Tm.hs", FP, same(laneSQDMULH)},
		{"sqrdmulh", "01111110TT1mmmmm101101nnnnnddddd", "=Td.hs Tn.hs Tm.hs", FP, same(laneSQRDMULH)},
	}}
}

// The same in floating point; T is sz.
func simdFloatThreeRows() Section {
	return Section{Ref: "C3.6 Advanced SIMD three same: floating-point", Rows: []Spec{
		{"fmaxnm", "0Q0011100T1mmmmm110001nnnnnddddd", "=Vd.F Vn.F Vm.F", FP, fsame(laneFMAXNM)},
		{"fmla", "0Q0011100T1mmmmm110011nnnnnddddd", "+Vd.F Vn.F Vm.F", FP, straight(fused2d(0, false), fused4s(0, false), fsameHost(laneFMLA, hostFMA32, hostFMA64))},
		{"fadd", "0Q0011100T1mmmmm110101nnnnnddddd", "=Vd.F Vn.F Vm.F", FP, straight(fadd2d, fadd4s, fsameHost(laneFADD, hostFADD32, hostFADD64))},
		{"fmulx", "0Q0011100T1mmmmm110111nnnnnddddd", "=Vd.F Vn.F Vm.F", FP, fsame(laneFMULX)},
		{"fcmeq", "0Q0011100T1mmmmm111001nnnnnddddd", "=Vd.F Vn.F Vm.F", FP, straight(compare2d(testEQ), compare4s(testEQ), fsame(laneFCMEQ))},
		{"fmax", "0Q0011100T1mmmmm111101nnnnnddddd", "=Vd.F Vn.F Vm.F", FP, fsame(laneFMAX)},
		{"frecps", "0Q0011100T1mmmmm111111nnnnnddddd", "=Vd.F Vn.F Vm.F", FP, fsame(laneFRECPS)},
		{"fminnm", "0Q0011101T1mmmmm110001nnnnnddddd", "=Vd.F Vn.F Vm.F", FP, fsame(laneFMINNM)},
		{"fmls", "0Q0011101T1mmmmm110011nnnnnddddd", "+Vd.F Vn.F Vm.F", FP, straight(fused2d(topD, false), fused4s(1<<31, false), fsameHost(laneFMLS, hostFMLS32, hostFMLS64))},
		{"fsub", "0Q0011101T1mmmmm110101nnnnnddddd", "=Vd.F Vn.F Vm.F", FP, straight(fsub2d, fsub4s, fsameHost(laneFSUB, hostFSUB32, hostFSUB64))},
		{"fmin", "0Q0011101T1mmmmm111101nnnnnddddd", "=Vd.F Vn.F Vm.F", FP, fsame(laneFMIN)},
		{"frsqrts", "0Q0011101T1mmmmm111111nnnnnddddd", "=Vd.F Vn.F Vm.F", FP, fsame(laneFRSQRTS)},
		{"fmaxnmp", "0Q1011100T1mmmmm110001nnnnnddddd", "=Vd.F Vn.F Vm.F", FP, fpairwise(laneFMAXNM)},
		{"faddp", "0Q1011100T1mmmmm110101nnnnnddddd", "=Vd.F Vn.F Vm.F", FP, straight(faddp2d, faddp4s, fpairwise(laneFADD))},
		{"fmul", "0Q1011100T1mmmmm110111nnnnnddddd", "=Vd.F Vn.F Vm.F", FP, straight(fmul2d, fmul4s, fsameHost(laneFMUL, hostFMUL32, hostFMUL64))},
		{"fcmge", "0Q1011100T1mmmmm111001nnnnnddddd", "=Vd.F Vn.F Vm.F", FP, straight(compare2d(testGE), compare4s(testGE), fsame(laneFCMGE))},
		{"facge", "0Q1011100T1mmmmm111011nnnnnddddd", "=Vd.F Vn.F Vm.F", FP, fsame(laneFACGE)},
		{"fmaxp", "0Q1011100T1mmmmm111101nnnnnddddd", "=Vd.F Vn.F Vm.F", FP, fpairwise(laneFMAX)},
		{"fdiv", "0Q1011100T1mmmmm111111nnnnnddddd", "=Vd.F Vn.F Vm.F", FP, straight(fdiv2d, fdiv4s, fsameHost(laneFDIV, hostFDIV32, hostFDIV64))},
		{"fminnmp", "0Q1011101T1mmmmm110001nnnnnddddd", "=Vd.F Vn.F Vm.F", FP, fpairwise(laneFMINNM)},
		{"fabd", "0Q1011101T1mmmmm110101nnnnnddddd", "=Vd.F Vn.F Vm.F", FP, fsame(laneFABD)},
		{"fcmgt", "0Q1011101T1mmmmm111001nnnnnddddd", "=Vd.F Vn.F Vm.F", FP, straight(compare2d(testGT), compare4s(testGT), fsame(laneFCMGT))},
		{"facgt", "0Q1011101T1mmmmm111011nnnnnddddd", "=Vd.F Vn.F Vm.F", FP, fsame(laneFACGT)},
		{"fminp", "0Q1011101T1mmmmm111101nnnnnddddd", "=Vd.F Vn.F Vm.F", FP, fpairwise(laneFMIN)},

		{"fmulx", "010111100T1mmmmm110111nnnnnddddd", "=Fd Fn Fm", FP, fsame(laneFMULX)},
		{"fcmeq", "010111100T1mmmmm111001nnnnnddddd", "=Fd Fn Fm", FP, fsame(laneFCMEQ)},
		{"frecps", "010111100T1mmmmm111111nnnnnddddd", "=Fd Fn Fm", FP, fsame(laneFRECPS)},
		{"frsqrts", "010111101T1mmmmm111111nnnnnddddd", "=Fd Fn Fm", FP, fsame(laneFRSQRTS)},
		{"fcmge", "011111100T1mmmmm111001nnnnnddddd", "=Fd Fn Fm", FP, fsame(laneFCMGE)},
		{"facge", "011111100T1mmmmm111011nnnnnddddd", "=Fd Fn Fm", FP, fsame(laneFACGE)},
		{"fabd", "011111101T1mmmmm110101nnnnnddddd", "=Fd Fn Fm", FP, fsame(laneFABD)},
		{"fcmgt", "011111101T1mmmmm111001nnnnnddddd", "=Fd Fn Fm", FP, fsame(laneFCMGT)},
		{"facgt", "011111101T1mmmmm111011nnnnnddddd", "=Fd Fn Fm", FP, fsame(laneFACGT)},
	}}
}

func simdHalfThreeRows() Section {
	return Section{Ref: "C3.6 Advanced SIMD three same (FP16)", Feature: "FP16", Rows: derive(simdFloatThreeRows().Rows, halfThree)}
}

// Three registers of different types. "{2}" stands for a 2 if Q is set.
func simdDifferentRows() Section {
	return Section{Ref: "C3.6 Advanced SIMD three different", Rows: []Spec{
		{"saddl{2}", "0Q001110TT1mmmmm000000nnnnnddddd", "=Vd.WTbhs Vn.Tbhs Vm.Tbhs", FP, long(laneSADDL)},
		{"uaddl{2}", "0Q101110TT1mmmmm000000nnnnnddddd", "=Vd.WTbhs Vn.Tbhs Vm.Tbhs", FP, long(laneADD)},
		{"saddw{2}", "0Q001110TT1mmmmm000100nnnnnddddd", "=Vd.WTbhs Vn.WTbhs Vm.Tbhs", FP, widen(laneSADDW)},
		{"uaddw{2}", "0Q101110TT1mmmmm000100nnnnnddddd", "=Vd.WTbhs Vn.WTbhs Vm.Tbhs", FP, widen(laneADD)},
		{"ssubl{2}", "0Q001110TT1mmmmm001000nnnnnddddd", "=Vd.WTbhs Vn.Tbhs Vm.Tbhs", FP, long(laneSSUBL)},
		{"usubl{2}", "0Q101110TT1mmmmm001000nnnnnddddd", "=Vd.WTbhs Vn.Tbhs Vm.Tbhs", FP, long(laneSUB)},
		{"ssubw{2}", "0Q001110TT1mmmmm001100nnnnnddddd", "=Vd.WTbhs Vn.WTbhs Vm.Tbhs", FP, widen(laneSSUBW)},
		{"usubw{2}", "0Q101110TT1mmmmm001100nnnnnddddd", "=Vd.WTbhs Vn.WTbhs Vm.Tbhs", FP, widen(laneSUB)},
		{"addhn{2}", "0Q001110TT1mmmmm010000nnnnnddddd", "+Vd.Tbhs Vn.WTbhs Vm.WTbhs", FP, narrow(laneADDHN)},
		{"raddhn{2}", "0Q101110TT1mmmmm010000nnnnnddddd", "+Vd.Tbhs Vn.WTbhs Vm.WTbhs", FP, narrow(laneRADDHN)},
		{"sabal{2}", "0Q001110TT1mmmmm010100nnnnnddddd", "+Vd.WTbhs Vn.Tbhs Vm.Tbhs", FP, long(laneSABA)},
		{"uabal{2}", "0Q101110TT1mmmmm010100nnnnnddddd", "+Vd.WTbhs Vn.Tbhs Vm.Tbhs", FP, long(laneUABA)},
		{"subhn{2}", "0Q001110TT1mmmmm011000nnnnnddddd", "+Vd.Tbhs Vn.WTbhs Vm.WTbhs", FP, narrow(laneSUBHN)},
		{"rsubhn{2}", "0Q101110TT1mmmmm011000nnnnnddddd", "+Vd.Tbhs Vn.WTbhs Vm.WTbhs", FP, narrow(laneRSUBHN)},
		{"sabdl{2}", "0Q001110TT1mmmmm011100nnnnnddddd", "=Vd.WTbhs Vn.Tbhs Vm.Tbhs", FP, long(laneSABD)},
		{"uabdl{2}", "0Q101110TT1mmmmm011100nnnnnddddd", "=Vd.WTbhs Vn.Tbhs Vm.Tbhs", FP, long(laneUABD)},
		{"smlal{2}", "0Q001110TT1mmmmm100000nnnnnddddd", "+Vd.WTbhs Vn.Tbhs Vm.Tbhs", FP, longWords(laneSMLAL, wordSMLALH, wordSMLALS)},
		{"umlal{2}", "0Q101110TT1mmmmm100000nnnnnddddd", "+Vd.WTbhs Vn.Tbhs Vm.Tbhs", FP, longWords(laneMLA, wordUMLALH, wordUMLALS)},
		{"sqdmlal{2}", "0Q001110TT1mmmmm100100nnnnnddddd", "+Vd.WThs Vn.Ths Vm.Ths", FP, long(laneSQDMLAL)},
		{"smlsl{2}", "0Q001110TT1mmmmm101000nnnnnddddd", "+Vd.WTbhs Vn.Tbhs Vm.Tbhs", FP, long(laneSMLSL)},
		{"umlsl{2}", "0Q101110TT1mmmmm101000nnnnnddddd", "+Vd.WTbhs Vn.Tbhs Vm.Tbhs", FP, long(laneMLS)},
		{"sqdmlsl{2}", "0Q001110TT1mmmmm101100nnnnnddddd", "+Vd.WThs Vn.Ths Vm.Ths", FP, long(laneSQDMLSL)},
		{"smull{2}", "0Q001110TT1mmmmm110000nnnnnddddd", "=Vd.WTbhs Vn.Tbhs Vm.Tbhs", FP, longWords(laneSMULL, wordSMULLH, wordSMULLS)},
		{"umull{2}", "0Q101110TT1mmmmm110000nnnnnddddd", "=Vd.WTbhs Vn.Tbhs Vm.Tbhs", FP, longWords(laneMUL, wordUMULLH, wordUMULLS)},
		{"sqdmull{2}", "0Q001110TT1mmmmm110100nnnnnddddd", "=Vd.WThs Vn.Ths Vm.Ths", FP, long(laneSQDMULL)},
		{"pmull{2}", "0Q001110001mmmmm111000nnnnnddddd", "=Vd.8h Vn.b Vm.b", FP, long(lanePMUL)},

		{"sqdmlal", "01011110TT1mmmmm100100nnnnnddddd", "+Ld.hs Tn.hs Tm.hs", FP, long(laneSQDMLAL)},
		{"sqdmlsl", "01011110TT1mmmmm101100nnnnnddddd", "+Ld.hs Tn.hs Tm.hs", FP, long(laneSQDMLSL)},
		{"sqdmull", "01011110TT1mmmmm110100nnnnnddddd", "=Ld.hs Tn.hs Tm.hs", FP, long(laneSQDMULL)},
	}}
}

// By element: the last operand is one element of a register.
func simdElementRows() Section {
	return Section{Ref: "C3.6 Advanced SIMD vector x indexed element", Rows: []Spec{
		{"smlal{2}", "0Q001111TTLMmmmm0010H0nnnnnddddd", "+Vd.WThs Vn.Ths Vm.Ths[x]", FP, longByElem(laneSMLAL)},
		{"umlal{2}", "0Q101111TTLMmmmm0010H0nnnnnddddd", "+Vd.WThs Vn.Ths Vm.Ths[x]", FP, longByElem(laneMLA)},
		{"sqdmlal{2}", "0Q001111TTLMmmmm0011H0nnnnnddddd", "+Vd.WThs Vn.Ths Vm.Ths[x]", FP, longByElem(laneSQDMLAL)},
		{"smlsl{2}", "0Q001111TTLMmmmm0110H0nnnnnddddd", "+Vd.WThs Vn.Ths Vm.Ths[x]", FP, longByElem(laneSMLSL)},
		{"umlsl{2}", "0Q101111TTLMmmmm0110H0nnnnnddddd", "+Vd.WThs Vn.Ths Vm.Ths[x]", FP, longByElem(laneMLS)},
		{"sqdmlsl{2}", "0Q001111TTLMmmmm0111H0nnnnnddddd", "+Vd.WThs Vn.Ths Vm.Ths[x]", FP, longByElem(laneSQDMLSL)},
		{"smull{2}", "0Q001111TTLMmmmm1010H0nnnnnddddd", "=Vd.WThs Vn.Ths Vm.Ths[x]", FP, longByElem(laneSMULL)},
		{"umull{2}", "0Q101111TTLMmmmm1010H0nnnnnddddd", "=Vd.WThs Vn.Ths Vm.Ths[x]", FP, longByElem(laneMUL)},
		{"sqdmull{2}", "0Q001111TTLMmmmm1011H0nnnnnddddd", "=Vd.WThs Vn.Ths Vm.Ths[x]", FP, longByElem(laneSQDMULL)},
		{"mla", "0Q101111TTLMmmmm0000H0nnnnnddddd", "+Vd.Ths Vn.Ths Vm.Ths[x]", FP, byElem(laneMLA)},
		{"mls", "0Q101111TTLMmmmm0100H0nnnnnddddd", "+Vd.Ths Vn.Ths Vm.Ths[x]", FP, byElem(laneMLS)},
		{"mul", "0Q001111TTLMmmmm1000H0nnnnnddddd", "=Vd.Ths Vn.Ths Vm.Ths[x]", FP, byElem(laneMUL)},
		{"sqdmulh", "0Q001111TTLMmmmm1100H0nnnnnddddd", "=Vd.Ths Vn.Ths Vm.Ths[x]", FP, byElem(laneSQDMULH)},
		{"sqrdmulh", "0Q001111TTLMmmmm1101H0nnnnnddddd", "=Vd.Ths Vn.Ths Vm.Ths[x]", FP, byElem(laneSQRDMULH)},

		{"sqdmlal", "01011111TTLMmmmm0011H0nnnnnddddd", "+Ld.hs Tn.hs Vm.Ths[x]", FP, longByElem(laneSQDMLAL)},
		{"sqdmlsl", "01011111TTLMmmmm0111H0nnnnnddddd", "+Ld.hs Tn.hs Vm.Ths[x]", FP, longByElem(laneSQDMLSL)},
		{"sqdmull", "01011111TTLMmmmm1011H0nnnnnddddd", "=Ld.hs Tn.hs Vm.Ths[x]", FP, longByElem(laneSQDMULL)},
		{"sqdmulh", "01011111TTLMmmmm1100H0nnnnnddddd", "=Td.hs Tn.hs Vm.Ths[x]", FP, byElem(laneSQDMULH)},
		{"sqrdmulh", "01011111TTLMmmmm1101H0nnnnnddddd", "=Td.hs Tn.hs Vm.Ths[x]", FP, byElem(laneSQRDMULH)},
	}}
}

func simdFloatElementRows() Section {
	return Section{Ref: "C3.6 Advanced SIMD vector x indexed element: floating-point", Rows: []Spec{
		{"fmla", "0Q0011111TLMmmmm0001H0nnnnnddddd", "+Vd.F Vn.F Vm.F[x]", FP, straight(fused2d(0, true), fused4s(0, true), fbyElemHost(laneFMLA, hostFMA32, hostFMA64))},
		{"fmls", "0Q0011111TLMmmmm0101H0nnnnnddddd", "+Vd.F Vn.F Vm.F[x]", FP, straight(fused2d(topD, true), fused4s(1<<31, true), fbyElemHost(laneFMLS, hostFMLS32, hostFMLS64))},
		{"fmul", "0Q0011111TLMmmmm1001H0nnnnnddddd", "=Vd.F Vn.F Vm.F[x]", FP, straight(fmulElem2d, fmulElem4s, fbyElemHost(laneFMUL, hostFMUL32, hostFMUL64))},
		{"fmulx", "0Q1011111TLMmmmm1001H0nnnnnddddd", "=Vd.F Vn.F Vm.F[x]", FP, fbyElem(laneFMULX)},
		{"fmla", "010111111TLMmmmm0001H0nnnnnddddd", "+Fd Fn Vm.F[x]", FP, fbyElemHost(laneFMLA, hostFMA32, hostFMA64)},
		{"fmls", "010111111TLMmmmm0101H0nnnnnddddd", "+Fd Fn Vm.F[x]", FP, fbyElemHost(laneFMLS, hostFMLS32, hostFMLS64)},
		{"fmul", "010111111TLMmmmm1001H0nnnnnddddd", "=Fd Fn Vm.F[x]", FP, straight(fmulElem2d, fmulElem4s, fbyElemHost(laneFMUL, hostFMUL32, hostFMUL64))},
		{"fmulx", "011111111TLMmmmm1001H0nnnnnddddd", "=Fd Fn Vm.F[x]", FP, fbyElem(laneFMULX)},
	}}
}

func simdHalfElementRows() Section {
	return Section{Ref: "C3.6 Advanced SIMD vector x indexed element (FP16)", Feature: "FP16", Rows: derive(simdFloatElementRows().Rows, halfElement)}
}

package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var wholeMatrix = flag.Bool("matrix", false, "run TestMatrix with every combination of flags")

// variant is a way of compiling the programs.
type variant struct {
	set   string // of the guest
	march string
	level string
	// part says whether it belongs to the part that every run of the tests has.
	part bool
	// wants are instructions, by what they belong to, of which the programs
	// must have some: that the variant shows what it is meant to.
	wants map[string]string
}

// What the larger instruction sets bring, as objdump writes it.
var (
	wantsV2 = map[string]string{
		"SSSE3": `p(shufb|abs[bwd]|hadd[wd]|alignr) `, "SSE4.1": `(pmulld|p(max|min)(sd|uw|ud|sb)|pmov[sz]x..|pblendw|pinsr[bdq]|pextr[bdq]|ptest) `,
	}
	wantsV3 = map[string]string{
		"FMA": `vfn?m(add|sub)`, "AVX": `v(mul|add)p[sd] .*%ymm`, "AVX2": `vp[a-z]+ .*%ymm`, "BMI1, LZCNT": `(andn|bextr|blsr|blsi|tzcnt|lzcnt) `, "BMI2": `(mulx|rorx|sarx|shlx|shrx|bzhi) `, "MOVBE": `movbe `,
	}
	wantsArm = map[string]string{"FMA": `f(n?madd|n?msub|mla|mls)\t`}
)

func (v variant) String() string { return strings.Trim(v.set+" "+v.march+" "+v.level, " ") }

// variants are all combinations. Contraction to fused operations is on where
// there are such, so results are those of the host or qemu with the same
// flags, not those of the golden checksums.
func variants() []variant {
	var list []variant
	for _, level := range []string{"-O0", "-O1", "-O2", "-O3", "-Os"} {
		v3 := variant{set: "x86_64", march: "-march=x86-64-v3", level: level, part: level == "-O3"}
		v2 := variant{set: "x86_64", march: "-march=x86-64-v2", level: level}
		arm := variant{set: "aarch64", march: "-march=armv8.2-a+crypto+fp16", level: level, part: level == "-O3"}
		if level == "-O2" || level == "-O3" {
			v2.wants, v3.wants, arm.wants = wantsV2, wantsV3, wantsArm
		}
		list = append(list, variant{set: "x86_64", level: level, part: level == "-O0"}, v2, v3,
			variant{set: "aarch64", level: level}, arm)
	}
	return list
}

// matrixPart are the programs that every run of the tests compiles.
var matrixPart = []string{"blake3", "longjmp", "matmul", "montgomery", "strings", "virtual"}

// flags are those of the guests, with the variant's in place of -O2.
func (v variant) flags() []string {
	list := []string{v.level}
	if v.march != "" {
		list = append(list, v.march)
	}
	for _, f := range codeFlags {
		switch {
		case f == "-O2":
		case f == "-ffp-contract=off" && v.march != "":
			list = append(list, "-ffp-contract=fast")
		default:
			list = append(list, f)
		}
	}
	return list
}

// TestMatrix compiles the programs with many flags, for CloudABI and for Linux,
// and compares what they compute in Nuage with what the host and qemu make of
// the same code. Needs clang-14, lld-14 and qemu-user.
func TestMatrix(t *testing.T) {
	tool := func(name string) string {
		path, err := exec.LookPath(name)
		if err != nil && os.Getenv("NUAGE_CI") != "" {
			t.Fatalf("%s is missing", name)
		} else if err != nil {
			t.Skipf("needs %s", name)
		}
		return path
	}
	for _, name := range []string{compiler, "ld.lld-14", "objdump", "aarch64-linux-gnu-objdump", "qemu-x86_64", "qemu-aarch64"} {
		tool(name)
	}
	rows, err := readGolden(goldenText)
	require.NoError(t, err)
	// Processes, threads and calls of Linux need a C library; they are in the
	// matrix only against the golden checksums.
	alone := map[string]bool{}
	for _, p := range programs {
		alone[p.name] = p.group == integer || p.group == floating
	}
	for _, v := range variants() {
		if !*wholeMatrix && !v.part {
			continue
		}
		t.Run(strings.ReplaceAll(v.String(), " ", ""), func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			b := matrixBuild{t, v, dir}
			b.library()
			found, compared := map[string]int{}, 0
			for _, row := range rows {
				if !*wholeMatrix && !slices.Contains(matrixPart, row.program) {
					continue
				}
				compared++
				guest := b.guest(row.program)
				b.count(guest, found)
				got := interpret(t, guest, row.n)
				if v.march == "" {
					require.Equal(t, row.checksum, got, row.program)
				}
				if !alone[row.program] {
					require.Equal(t, row.checksum, got, row.program)
					continue
				}
				linux := b.linux(row.program)
				n := fmt.Sprint(row.n)
				if v.set == "x86_64" && runtime.GOARCH == "amd64" && hostHas(v.march) {
					require.Equal(t, b.output(linux, n), got, "%s on the host", row.program)
				}
				emulator := map[string][]string{"x86_64": {"qemu-x86_64", "-cpu", "max"}, "aarch64": {"qemu-aarch64", "-cpu", "max"}}[v.set]
				require.Equal(t, b.output(append(slices.Clone(emulator), linux, n)...), got, "%s in qemu", row.program)
			}
			if *wholeMatrix {
				for what := range v.wants {
					require.NotZero(t, found[what], "the programs have none of %s", what)
				}
			}
			t.Logf("%v: %d programs agree; instructions in them: %v", v, compared, found)
		})
	}
}

// hostHas reports whether the host can run code of the architecture level.
func hostHas(march string) bool {
	flags := " " + field("/proc/cpuinfo", "flags") + " "
	for _, f := range map[string][]string{
		"-march=x86-64-v2": {"sse4_2", "popcnt"},
		"-march=x86-64-v3": {"avx2", "bmi2", "fma", "movbe", "abm"},
	}[march] {
		if !strings.Contains(flags, " "+f+" ") {
			return false
		}
	}
	return true
}

// matrixBuild compiles for a variant, into a directory.
type matrixBuild struct {
	t   *testing.T
	v   variant
	dir string
}

func (b matrixBuild) run(name string, args ...string) string {
	out, err := command(b.t.Context(), "..", nil, name, args...)
	require.NoError(b.t, err)
	return out
}

// library compiles the guests' support library and the bench's.
func (b matrixBuild) library() {
	sources, err := filepath.Glob("../conformance/lib/*.c")
	require.NoError(b.t, err)
	for _, s := range append(sources, "support/guest.c") {
		b.object(filepath.Join("bench", s), "guest-"+strings.TrimSuffix(filepath.Base(s), ".c"), "unknown-cloudabi")
	}
	b.object("bench/testdata/linux.c", "linux-start", "linux-gnu")
}

// object compiles one source, named relative to the root.
func (b matrixBuild) object(source, name, system string) string {
	out := filepath.Join(b.dir, name+".o")
	args := append(b.v.flags(), "--target="+b.v.set+"-"+system, "-Iconformance/include", "-Iconformance/lib", "-Ibench/src", "-c", filepath.Clean(source), "-o", out)
	b.run(compiler, args...)
	return out
}

// guest links a program for CloudABI.
func (b matrixBuild) guest(name string) string {
	library, err := filepath.Glob(filepath.Join(b.dir, "guest-*.o"))
	require.NoError(b.t, err)
	out := filepath.Join(b.dir, name+".guest")
	b.run("ld.lld-14", append([]string{"--no-dynamic-linker", "-static", "-pie", "-z", "relro", "--eh-frame-hdr", "--gc-sections", "--build-id=none",
		"-o", out, b.object("bench/src/"+name+".c", "program-"+name, "unknown-cloudabi")}, library...)...)
	return out
}

// linux links the same for Linux, without a C library.
func (b matrixBuild) linux(name string) string {
	out := filepath.Join(b.dir, name+".linux")
	b.run("ld.lld-14", "-static", "-no-pie", "--gc-sections", "-o", out,
		b.object("bench/src/"+name+".c", "native-"+name, "linux-gnu"), filepath.Join(b.dir, "linux-start.o"))
	return out
}

// count adds how many of the wanted instructions the program has.
func (b matrixBuild) count(guest string, found map[string]int) {
	if b.v.wants == nil || !*wholeMatrix {
		return
	}
	tool := map[string]string{"x86_64": "objdump", "aarch64": "aarch64-linux-gnu-objdump"}[b.v.set]
	list := b.run(tool, "-d", "--no-show-raw-insn", guest)
	for what, pattern := range b.v.wants {
		found[what] += len(regexp.MustCompile(`\t(?:`+pattern+`)`).FindAllString(list, -1))
	}
}

// output runs a command and returns the first word it prints.
func (b matrixBuild) output(argv ...string) string {
	return strings.Fields(b.run(argv[0], argv[1:]...) + " -")[0]
}

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
)

// compiler is the one that conformance/build.sh builds the guests with.
const compiler = "clang-14"

// codeFlags are the flags of conformance/build.sh that have a say in the code
// of a program; TestFlagsAreThoseOfTheGuests holds the two together.
var codeFlags = []string{"-std=c11", "-O2", "-ffreestanding", "-fno-builtin", "-fno-sanitize=safe-stack",
	"-fvisibility=hidden", "-ffunction-sections", "-fdata-sections", "-ffp-contract=off", "-fno-math-errno", "-fno-ident",
	"-fno-unwind-tables", "-fno-asynchronous-unwind-tables", "-fno-stack-protector", "-fPIE"}

// findRoot is the repository the working directory lies in.
func findRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "bench", "support", "native.c")); err == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("this is not inside Nuage's repository, whose bench/src is what is measured; change to it")
		}
		dir = parent
	}
}

// command runs a tool and returns its output; an error has what the tool said.
func command(ctx context.Context, dir string, env []string, name string, args ...string) (string, error) {
	c := exec.CommandContext(ctx, name, args...)
	c.Dir = dir
	if env != nil {
		c.Env = append(os.Environ(), env...)
	}
	var stdout, stderr bytes.Buffer
	c.Stdout, c.Stderr = &stdout, &stderr
	if err := c.Run(); err != nil {
		return "", fmt.Errorf("%v: %w\n%s", c.Args, err, bytes.TrimSpace(stderr.Bytes()))
	}
	return stdout.String(), nil
}

// nativePath is the program built for the host or, with target aarch64, for
// Linux on that.
func (s *session) nativePath(target, name string) string { return filepath.Join(s.work, target, name) }

// buildNative builds one program with the host's C library.
func (s *session) buildNative(ctx context.Context, target, name string) error {
	dir := filepath.Join(s.work, target)
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	args := append([]string{}, codeFlags...)
	if target == "aarch64" {
		args = append(args, "--target=aarch64-linux-gnu", "-fuse-ld=lld-14")
	}
	args = append(args, "-Ibench/src", "bench/src/"+name+".c", "bench/support/native.c", "-static", "-o", s.nativePath(target, name))
	if _, err := command(ctx, s.root, nil, compiler, args...); err != nil {
		return err
	}
	return install(s.nativePath(target, name))
}

// install writes an executable anew, as a package manager does. Linkers write
// through a mapping, and the host then keeps the file in single pages as long as
// it is in memory: such a nuage starts some 0.5 ms later.
func install(path string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := os.WriteFile(path+".new", data, 0o777); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

// buildAll builds all chosen programs for the target.
func (s *session) buildAll(ctx context.Context, target string) error {
	names := map[string]bool{helloProgram: true}
	for _, p := range s.programs {
		names[p.name] = true
	}
	var wait sync.WaitGroup
	errs := make(chan error, len(names))
	slots := make(chan struct{}, runtime.NumCPU())
	for name := range names {
		wait.Go(func() {
			slots <- struct{}{}
			errs <- s.buildNative(ctx, target, name)
			<-slots
		})
	}
	wait.Wait()
	close(errs)
	for err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// buildTools builds the launcher that measures and the nuage command.
func (s *session) buildTools(ctx context.Context) error {
	if _, err := exec.LookPath(compiler); err != nil {
		return fmt.Errorf("%w; native programs are built with it (Debian: apt install clang-14 lld-14)", err)
	}
	if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
		return fmt.Errorf("native runs are what all else is compared with, and they need Linux on x86-64; this is %s on %s", runtime.GOOS, runtime.GOARCH)
	}
	s.log("building the nuage command")
	if _, err := command(ctx, s.root, []string{"CGO_ENABLED=0"}, "go", "build", "-o", filepath.Join(s.work, "nuage"), "./cmd/nuage"); err != nil {
		return err
	}
	if err := install(filepath.Join(s.work, "nuage")); err != nil {
		return err
	}
	_, err := command(ctx, s.root, nil, compiler, "-O2", "-static", "bench/support/measure.c", "-o", filepath.Join(s.work, "measure"))
	return err
}

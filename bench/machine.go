package main

import (
	"context"
	"os"
	"runtime"
	"strings"
	"time"
)

// machine says where and when a measurement was made.
type machine struct {
	Date      string `json:"date"`
	Processor string `json:"processor"`
	Cores     int    `json:"cores"`
	System    string `json:"system"`
	Go        string `json:"go"`
	Compiler  string `json:"compiler"`
	QEMU      string `json:"qemu,omitempty"`
	Commit    string `json:"commit"`
	// Load is the system's load over the last minute before the start and at
	// the end: above nothing at the start, others were using the machine.
	Load [2]string `json:"load"`
}

func describe(ctx context.Context) machine {
	m := machine{
		Date:      time.Now().UTC().Format(time.DateTime),
		Processor: field("/proc/cpuinfo", "model name"),
		Cores:     runtime.NumCPU(),
		System:    strings.TrimSpace(runtime.GOOS + "/" + runtime.GOARCH + " " + first("/proc/sys/kernel/osrelease")),
		Go:        runtime.Version(),
		Compiler:  version(ctx, compiler, "--version"),
		QEMU:      version(ctx, "qemu-x86_64", "--version"),
		Commit:    version(ctx, "git", "describe", "--always", "--dirty"),
	}
	m.Load[0] = load()
	return m
}

func load() string { return first("/proc/loadavg") }

// first is the first word of a file.
func first(path string) string {
	text, _ := os.ReadFile(path)
	word, _, _ := strings.Cut(strings.TrimSpace(string(text)), " ")
	return word
}

// field is what a line of a file has behind the name and a colon.
func field(path, name string) string {
	text, _ := os.ReadFile(path)
	for line := range strings.Lines(string(text)) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return "unknown"
}

// version is the first line that a tool prints of itself, or nothing.
func version(ctx context.Context, name string, args ...string) string {
	text, _ := command(ctx, "", nil, name, args...)
	line, _, _ := strings.Cut(text, "\n")
	return strings.TrimSpace(line)
}

package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestStatus(t *testing.T) {
	const die = "../../conformance/bin/x86_64-final/die"
	for _, c := range []struct {
		args   []string
		config string
		want   int
	}{
		{[]string{die}, "{log: !fd stderr, how: exit, code: 42}", 42},
		{[]string{"-e", die}, "{log: !fd stderr, how: exit, code: 0}", 0},
		{[]string{die}, "{log: !fd stderr, how: raise, code: 10}", 137},
		{[]string{die}, "{log: !fd stderr, how: exit, code: !file {path: gone}}", 127},
		{[]string{die}, "[", 127},
		{[]string{"gone"}, "{}", 127},
		{nil, "", 127},
		{[]string{"-h"}, "", 0},
	} {
		var stderr strings.Builder
		require.Equal(t, c.want, run(c.args, strings.NewReader(c.config), &stderr), "%v %s: %s", c.args, c.config, stderr.String())
	}
}

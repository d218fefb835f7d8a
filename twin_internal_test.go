package nuage

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestTwinStream: each reader sees all of the input whatever the other's pace,
// and each writer the same results, of one write.
func TestTwinStream(t *testing.T) {
	var out bytes.Buffer
	s := &twinStream{under: streamEnds{r: strings.NewReader("abcdefgh"), w: &out}}
	a, b := &twinReader{t: s}, &twinReader{t: s}
	buf := make([]byte, 3)
	n, err := a.Read(buf)
	require.NoError(t, err)
	require.Equal(t, "abc", string(buf[:n]))
	text, err := io.ReadAll(b)
	require.NoError(t, err)
	require.Equal(t, "abcdefgh", string(text))
	text, err = io.ReadAll(a)
	require.NoError(t, err)
	require.Equal(t, "defgh", string(text))
	text, err = io.ReadAll(&twinReader{t: s}) // again from the start
	require.NoError(t, err)
	require.Equal(t, "abcdefgh", string(text))

	v, w := &twinWriter{t: s}, &twinWriter{t: s}
	for _, side := range []*twinWriter{v, w} {
		n, err := side.Write([]byte("once"))
		require.NoError(t, err)
		require.Equal(t, 4, n)
	}
	require.Equal(t, "once", out.String())
	_, err = v.Write([]byte("this"))
	require.NoError(t, err)
	_, err = w.Write([]byte("that"))
	require.ErrorIs(t, err, errOtherOutput)
	require.False(t, s.forgotten.Load())
}

// TestTwinForgets: what is kept has a limit, and who comes too late is told.
func TestTwinForgets(t *testing.T) {
	s := &twinStream{under: streamEnds{r: endless{}, w: io.Discard}}
	r := &twinReader{t: s}
	buf := make([]byte, 1<<20)
	for range maxInput/len(buf) + 2 {
		_, err := r.Read(buf)
		require.NoError(t, err)
	}
	require.True(t, s.forgotten.Load())
	require.LessOrEqual(t, s.kept, maxInput)
	_, err := (&twinReader{t: s}).Read(buf)
	require.ErrorIs(t, err, errForgotten)

	w := &twinWriter{t: s}
	for range maxWrites + 2 {
		_, err := w.Write(nil)
		require.NoError(t, err)
	}
	require.LessOrEqual(t, len(s.wrote), maxWrites)
	_, err = (&twinWriter{t: s}).Write(nil)
	require.ErrorIs(t, err, errForgotten)
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

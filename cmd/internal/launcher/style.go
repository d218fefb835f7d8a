package launcher

import (
	"io"
	"os"

	"golang.org/x/term"
)

// Style makes text stand out on a terminal; the zero Style leaves it alone.
type Style struct{ color bool }

// StyleFor returns the style for what is written to w: none unless it is a
// terminal that can do it and the user has not asked for none (NO_COLOR).
func StyleFor(w io.Writer) Style {
	f, ok := w.(*os.File)
	if !ok || os.Getenv("NO_COLOR") != "" || os.Getenv("TERM") == "dumb" {
		return Style{}
	}
	return Style{color: term.IsTerminal(int(f.Fd()))}
}

func (s Style) wrap(code, text string) string {
	if !s.color {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

// Bold is for headings.
func (s Style) Bold(text string) string { return s.wrap("1", text) }

// Dim is for what is seldom looked at.
func (s Style) Dim(text string) string { return s.wrap("2", text) }

// Red is for what went wrong.
func (s Style) Red(text string) string { return s.wrap("31", text) }

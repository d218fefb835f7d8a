package vfs

import (
	"path/filepath"
	"strings"
	"unicode/utf8"

	"github.com/nuage-emu/nuage/abi/cloudabi"
)

// checkHostName refuses names that Windows would take for something else, rather
// than give the program another object than it has named.
func checkHostName(name string) error {
	switch {
	case !utf8.ValidString(name):
		return cloudabi.EILSEQ
	case strings.ContainsAny(name, `\:*?"<>|`), strings.HasSuffix(name, "."), strings.HasSuffix(name, " "), !filepath.IsLocal(name):
		return cloudabi.EINVAL
	}
	for i := range len(name) {
		if name[i] < ' ' {
			return cloudabi.EINVAL
		}
	}
	return nil
}

// guestLink turns a link's text into the guest's form. One that begins with a
// volume is absolute.
func guestLink(text string) string {
	absolute := filepath.VolumeName(text) != ""
	text = filepath.ToSlash(text)
	if absolute && !strings.HasPrefix(text, "/") {
		text = "/" + text
	}
	return text
}

// hostLink turns a link's text into the host's form.
func hostLink(text string) (string, error) {
	if !utf8.ValidString(text) {
		return "", cloudabi.EILSEQ
	}
	if strings.ContainsAny(text, `\:`) {
		return "", cloudabi.EINVAL
	}
	return filepath.FromSlash(text), nil
}

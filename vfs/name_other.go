//go:build !windows

package vfs

// checkHostName: every component is a name.
func checkHostName(string) error { return nil }

func guestLink(text string) string { return text }

func hostLink(text string) (string, error) { return text, nil }

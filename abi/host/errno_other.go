//go:build !unix && !js && !wasip1 && !windows

package host

var systemErrors []known

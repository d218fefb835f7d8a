//go:build amd64 || arm64

package memory

// FreeBSD reserves nothing for private mappings ahead of use.
const mapNoReserve = 0

//go:build amd64 && (linux || windows || freebsd || darwin)

package jit

import (
	"fmt"
	"sync"
	"unsafe"
)

// budgetBytes is how many instructions metered code retires at most before it
// leaves. It counts down in the address of a byte that it loads: where the budget
// ends the host refuses, which costs code nothing that a comparison would cost.
// Nothing is ever written there, so a host like Linux gives no memory for it.
const budgetBytes = 1 << 22

// budgetFloor returns the address of the byte that is loaded when nothing is left. The
// guardBytes below refuse accesses, and are more than code counts at once.
var budgetFloor = sync.OnceValues(func() (uint64, error) {
	m, err := mapStack(budgetBytes)
	if err != nil {
		return 0, fmt.Errorf("mapping what metered code counts in: %w", err)
	}
	return uint64(uintptr(unsafe.Pointer(&m[guardBytes]))), nil
})

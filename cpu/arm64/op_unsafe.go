package arm64

import "unsafe"

// after returns the operation behind o. The last operation of a block never
// calls it: it leaves the block.
func (o *op) after() *op {
	return (*op)(unsafe.Add(unsafe.Pointer(o), unsafe.Sizeof(op{})))
}

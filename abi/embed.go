package abi

import "github.com/nuage-emu/nuage/abi/cloudabi"

// LargestRights returns the largest sets of rights a descriptor of the object
// may have.
func LargestRights(o Object) cloudabi.RightsPair { return o.rights() }

// Discard releases an object that no process was given.
func Discard(o Object) { o.close() }

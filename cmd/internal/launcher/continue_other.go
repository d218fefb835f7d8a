//go:build !unix

package launcher

import "os"

// continueSignal is the host's request to go on after a stop, which this host
// does not have.
var continueSignal os.Signal

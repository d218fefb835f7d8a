//go:build !race || racewindow

package memory

const raceDetector = false

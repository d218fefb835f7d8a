package main

import (
	"math"
	"slices"
)

// median is the middle of the values, the mean of the two in the middle if
// their number is even, and NaN if there are none.
func median(values []float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	v := slices.Sorted(slices.Values(values))
	if n := len(v); n%2 == 0 {
		return (v[n/2-1] + v[n/2]) / 2
	}
	return v[len(v)/2]
}

// spread is how far the values lie apart, (max - min) / median, and 0 if the
// median is.
func spread(values []float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	if median(values) == 0 {
		return 0
	}
	return (slices.Max(values) - slices.Min(values)) / median(values)
}

// geomean is the geometric mean of positive values, and NaN if there are none.
func geomean(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += math.Log(v)
	}
	return math.Exp(sum / float64(len(values)))
}

package main

import (
	"fmt"
	"math"

	"github.com/gocoreml/coreml/generate"
)

// The comparison of the logits behind one token.

// worstRows is how many positions a report lists.
const worstRows = 5

// verifyRow is the comparison of the logits behind one token.
type verifyRow struct {
	Position int `json:"position"`
	// Token is the subject's choice and Reference the reference's; Lead is how far
	// the reference puts its choice before the subject's.
	Token     int     `json:"token"`
	Reference int     `json:"reference"`
	Lead      float64 `json:"lead"`
	Error     float64 `json:"error"`
	Cosine    float64 `json:"cosine"`
}

// compareRow compares two rows of logits.
func compareRow(pos int, got, want []float32) (verifyRow, error) {
	// Such sides do not even have one vocabulary.
	if len(got) != len(want) {
		return verifyRow{}, fmt.Errorf("%d logits, the reference has %d", len(got), len(want))
	}
	r := verifyRow{Position: pos, Token: best(got), Reference: best(want), Cosine: 1}
	if r.Token < 0 {
		return r, fmt.Errorf("%w: the subject's logits", generate.ErrNonFinite)
	}
	if r.Reference < 0 {
		return r, fmt.Errorf("%w: the reference's logits", generate.ErrNonFinite)
	}
	r.Lead = float64(want[r.Reference]) - float64(want[r.Token])
	var apart, largest, dot, aa, bb float64
	for i, b := range want {
		x, y := float64(got[i]), float64(b)
		// Models mask tokens with minus infinity, and the difference of two of them
		// is no number.
		if x == y && math.IsInf(x, 0) {
			continue // both forbid the token
		}
		apart, largest = nanMax(apart, math.Abs(x-y)), nanMax(largest, math.Abs(y))
		dot, aa, bb = dot+x*y, aa+x*x, bb+y*y
	}
	if apart != 0 {
		r.Error = apart / max(largest, math.SmallestNonzeroFloat32)
		// Zeros are how a device answers that has given up.
		r.Cosine = 0 // where one side is all zeros
		if aa > 0 && bb > 0 {
			r.Cosine = dot / math.Sqrt(aa) / math.Sqrt(bb)
		}
	}
	if math.IsNaN(r.Error) || math.IsInf(r.Error, 0) || math.IsNaN(r.Cosine) {
		return r, fmt.Errorf("%w: they differ by it", generate.ErrNonFinite)
	}
	return r, nil
}

// best returns the index of the largest logit, the first of equals, and -1 when
// there is a NaN or no number at all.
//
// The first of equals, as the engines themselves choose: the order of an array is
// the same on both sides.
func best(logits []float32) int {
	at := -1
	for i, x := range logits {
		if x != x {
			return -1
		}
		if !math.IsInf(float64(x), -1) && (at < 0 || x > logits[at]) {
			at = i
		}
	}
	if at >= 0 && math.IsInf(float64(logits[at]), 1) {
		return -1
	}
	return at
}

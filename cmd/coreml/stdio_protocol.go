package main

import "errors"

// What docs/stdio.md promises and more than one part of a server has to know.

const (
	// stdioProtocol is the version of the protocol that docs/stdio.md describes.
	//
	// It changes only when a client of the present one would be misled: fields and
	// operations are added without.
	stdioProtocol = 1
	// maxRequest bounds the line of one request. Larger arrays are passed as
	// files.
	maxRequest = 256 << 20
	// opCancel is the operation that ends another request.
	opCancel = "cancel"
	// failedPrediction are Core ML's own words, which callers look for.
	failedPrediction = "Unable to compute the prediction using ML Program"
)

// reply holds the fields of a reply but for id and ok.
//
// A map and no struct: every operation has its own fields.
type reply map[string]any

// errCancelled ends the context of a request that a cancel request names.
var errCancelled = &codedError{codeCancelled, errors.New("the request was cancelled")}

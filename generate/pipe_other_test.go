//go:build !unix

package generate_test

import "errors"

// makePipe fails: there are no named pipes in folders here.
func makePipe(string) error { return errors.ErrUnsupported }

//go:build (darwin || linux) && (amd64 || arm64)

package apple

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/gocoreml/coreml/internal/objc"
)

// functionNames asks the framework for the functions of a compiled model, for
// models whose file does not tell. Systems before macOS 15 know no functions
// and give none. The order of the names is not that of the file: they come
// sorted. The call waits for the framework and must not be made inside a pool.
func functionNames(ctx context.Context, compiled string) ([]string, error) {
	if !objc.MLModelAsset.WithURL.Available() || !objc.MLModelAsset.FunctionNames.Available() {
		return nil, nil
	}
	var asset *objc.Object
	err := objc.WithPoolError(func() (err error) {
		// Taken, and so retained, inside the pool: the asset has to live until
		// the handler is called.
		asset, err = objc.Take(objc.MLModelAsset.Class.ID(), objc.MLModelAsset.WithURL, uintptr(objc.FileURL(compiled, true)))
		return err
	})
	if err != nil {
		return nil, failed("open the compiled model", err)
	}
	done, err := objc.NewCompletion(objc.MLModelAsset.FunctionNames, func(names, e, _ uintptr) ([]string, error) {
		defer asset.Close() // not before, even when nobody waits any more
		if names == 0 {
			return nil, noResult(objc.ID(e), "names of functions")
		}
		return objc.GoStrings(objc.ID(names))
	}, nil)
	if err != nil {
		asset.Close()
		return nil, failed("list functions", err)
	}
	objc.WithPool(func() {
		// A handler that is called at once closes the asset within its own method.
		during := objc.Retain(asset.ID())
		defer during.Close()
		objc.Send(during.ID(), objc.MLModelAsset.FunctionNames, done.Word())
	})
	names, err := done.Wait(ctx)
	if err != nil {
		return nil, waited(ctx, "list functions", err)
	}
	slices.Sort(names)
	return names, nil
}

// noResult is the error of a handler that got no result: the framework's, or
// that there is none either. Every handler here has the form (result, NSError),
// of which one is nil. A handler with two nils has been seen in no
// documentation and would otherwise become a nil pointer far away.
func noResult(e objc.ID, what string) error {
	if err := objc.GoError(e); err != nil {
		return err
	}
	return fmt.Errorf("%w: %s", ErrMissing, what)
}

// waited gives the end of a context back as it is and everything else as a
// failure of op. Callers compare with context.Canceled, and an ended context is
// no failure of the framework.
func waited(ctx context.Context, op string, err error) error {
	if e := ctx.Err(); e != nil && errors.Is(err, e) {
		return e
	}
	return failed(op, err)
}

//go:build (darwin || linux) && (amd64 || arm64)

package apple

import (
	"context"
	"sync"

	"github.com/gocoreml/coreml/internal/objc"
)

// model is an MLModel that a program and its states share. Making a copy of a
// state takes its model, so each state holds a share. The last one to let go
// gives the model back.
type model struct {
	obj *objc.Object

	mu   sync.Mutex
	refs int
}

// newModel takes over a reference to a loaded MLModel, as its first share.
func newModel(obj *objc.Object) *model { return &model{obj: obj, refs: 1} }

// retain adds a share. It must be called by somebody who has one. A count that
// has reached 0 is never raised again.
func (m *model) retain() *model {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.refs++
	return m
}

// release gives a share back.
func (m *model) release() {
	m.mu.Lock()
	m.refs--
	last := m.refs == 0
	m.mu.Unlock()
	if last {
		// Outside of the lock, as freeing a model takes long.
		m.obj.Close()
	}
}

// loadModel loads a compiled model. When ctx ends first it returns, and the
// framework's late result is given back. Loading also fits the model to the
// devices, which can take a minute for a large one at its first use. It must
// not be called inside a pool, as it waits.
func loadModel(ctx context.Context, dir string, configuration *objc.Object) (*model, error) {
	load := objc.MLModel.Load
	if err := need("load", load); err != nil {
		return nil, err
	}
	done, err := objc.NewCompletion(load, func(m, e, _ uintptr) (*objc.Object, error) {
		if m == 0 {
			return nil, noResult(objc.ID(e), "a model")
		}
		// The handler's arguments are borrowed and gone when it returns.
		return objc.Retain(objc.ID(m)), nil
	}, func(late *objc.Object) { late.Close() })
	if err != nil {
		return nil, failed("load", err)
	}
	objc.WithPool(func() {
		objc.SendClass(load, uintptr(objc.FileURL(dir, true)), configuration.Word(), done.Word())
	})
	obj, err := done.Wait(ctx)
	if err != nil {
		return nil, waited(ctx, "load", err)
	}
	return newModel(obj), nil
}

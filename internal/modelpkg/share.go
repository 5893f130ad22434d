package modelpkg

import (
	"errors"
	"sync"

	"github.com/gocoreml/coreml/internal/storage"
)

// weightFiles are the mapped weight files of a package, by the name that programs use.
// All packages that [Package.Reopen] made of one share them: the last to leave gives
// them back.
type weightFiles struct {
	mu     sync.Mutex
	users  int
	byName map[string]*storage.Bytes
}

func newWeightFiles() *weightFiles {
	return &weightFiles{users: 1, byName: map[string]*storage.Bytes{}}
}

// join adds a user. It is called by one.
func (w *weightFiles) join() *weightFiles {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.users++
	return w
}

// leave ends what one user began.
func (w *weightFiles) leave() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.users--; w.users > 0 {
		return nil
	}
	var err error
	for _, f := range w.byName {
		err = errors.Join(err, f.Release())
	}
	w.byName = nil
	return err
}

// open returns the file of that name, which is mapped by the first who asks for it. The
// lock is held meanwhile, so that it is mapped once.
func (w *weightFiles) open(name string, mapIt func() (*storage.Bytes, error)) (*storage.Bytes, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if f, ok := w.byName[name]; ok {
		return f, nil
	}
	f, err := mapIt()
	if err != nil {
		return nil, err
	}
	w.byName[name] = f
	return f, nil
}

// err returns an error when one of the files was shortened while it was mapped.
func (w *weightFiles) err() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, f := range w.byName {
		if err := f.Err(); err != nil {
			return err
		}
	}
	return nil
}

// Reopen returns a further Package of the same files, which are neither opened nor mapped
// again: for another function of the package, which has most of its weights in common
// with the first. The model file is decoded anew, so that it does not matter what became
// of the messages. Each of the two is closed by itself, in any order.
func (p *Package) Reopen() (*Package, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, ErrClosed
	}
	q := &Package{
		fsys: p.fsys, dir: p.dir, bare: p.bare, name: p.name, modelDir: p.modelDir, items: p.items, compiled: p.compiled,
		files: p.files.join(),
	}
	if p.spec != nil {
		q.spec = p.spec.Retain()
	}
	if !p.compiled {
		if err := q.decode(p.name); err != nil {
			return nil, errors.Join(err, q.Close())
		}
		return q, nil
	}
	model := *p.model
	q.model = &model
	for _, stage := range p.stages {
		s, err := stage.Reopen()
		if err != nil {
			return nil, errors.Join(err, q.Close())
		}
		q.stages = append(q.stages, s)
	}
	return q, nil
}

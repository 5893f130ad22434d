package convert

import (
	"context"
	"errors"
	"fmt"
	"unicode"
	"unicode/utf8"

	"github.com/gocoreml/coreml/internal/adapter"
	"github.com/gocoreml/coreml/internal/adapter/graft"
	"github.com/gocoreml/coreml/internal/mil"
	"github.com/gocoreml/coreml/internal/modelgen"
	"github.com/gocoreml/coreml/internal/storage"
)

// Adapter is a low-rank adapter (LoRA) that becomes a function of the package.
type Adapter struct {
	// Name is that of the function.
	Name string
	// Path is the folder, as PEFT or mlx-lm wrote it.
	Path string
}

// maxFunctionName bounds the name of a function.
const maxFunctionName = 200

// checkAdapters refuses names that functions cannot have.
func (s *settings) checkAdapters() error {
	taken := map[string]bool{s.function(): true}
	for _, a := range s.Adapters {
		switch {
		case a.Name == "" || len(a.Name) > maxFunctionName || !utf8.ValidString(a.Name):
			return fmt.Errorf("%w adapter: %s is no name of a function", ErrOption, storage.Quote(a.Name))
		case a.Path == "":
			return fmt.Errorf("%w adapter: %s has no folder", ErrOption, storage.Quote(a.Name))
		case taken[a.Name]:
			return fmt.Errorf("%w adapter: two functions are called %s", ErrOption, storage.Quote(a.Name))
		}
		for _, r := range a.Name {
			if !unicode.IsPrint(r) {
				return fmt.Errorf("%w adapter: %s is no name of a function", ErrOption, storage.Quote(a.Name))
			}
		}
		taken[a.Name] = true
	}
	return nil
}

// openAdapters opens the adapters. The function that it returns closes them.
func openAdapters(ctx context.Context, list []Adapter) (open []*adapter.Adapter, closeAll func() error, err error) {
	closeAll = func() error {
		var errs []error
		for _, a := range open {
			errs = append(errs, a.Close())
		}
		return errors.Join(errs...)
	}
	for _, a := range list {
		w, err := adapter.Open(ctx, a.Path)
		if err != nil {
			return nil, closeAll, err
		}
		open = append(open, w)
	}
	return open, closeAll, nil
}

// functions are those of the package: that of the model, and one for each adapter.
func (s *settings) functions(ctx context.Context, d *decoder, src *source, open []*adapter.Adapter) []modelgen.Function {
	list := []modelgen.Function{{Name: s.function(), Model: d.Model, Source: src}}
	tensors := tensorNames(src.views)
	for i, a := range open {
		c := &graft.Config{Uses: []graft.Use{{Adapter: a, Scale: 1}}, Tensors: tensors, Stored: true}
		list = append(list, modelgen.Function{
			Name: s.Adapters[i].Name, Model: d.Model, Source: src,
			Change: func(f *mil.Function) error {
				own := constants(f)
				if err := graft.Apply(ctx, f, c); err != nil {
					return err
				}
				r := AdapterReport{Function: s.Adapters[i].Name, Path: s.Adapters[i].Path, Modules: len(a.Modules)}
				for v := range constants(f) {
					if !own[v] && len(v.Const.Shape) > 1 {
						r.Tensors++
						r.Bytes += int64(len(v.Const.Data))
					}
				}
				src.report.Adapters = append(src.report.Adapters, r)
				return nil
			},
		})
	}
	return list
}

// constants are the values of a function's body that are held in it.
func constants(f *mil.Function) map[*mil.Value]bool {
	found := map[*mil.Value]bool{}
	for _, op := range f.Body.Ops {
		for _, v := range op.Outputs {
			if v.Const != nil {
				found[v] = true
			}
		}
	}
	return found
}

// tensorNames gives for the name of each weight that of its tensor.
func tensorNames(views map[key]*view) map[string]string {
	names := map[string]string{}
	for _, v := range views {
		names[v.weight] = v.Name()
	}
	return names
}

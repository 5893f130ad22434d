package adapter

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gocoreml/coreml/internal/safetensors"
	"github.com/gocoreml/coreml/internal/storage"
	"github.com/gocoreml/coreml/tensor"
)

// The files of an adapter's folder.
const (
	configName  = "adapter_config.json"
	peftWeights = "adapter_model.safetensors"
	peftPickle  = "adapter_model.bin"
	mlxWeights  = "adapters.safetensors"
)

// maxConfig bounds adapter_config.json. Patterns of a large mixture of experts take some
// hundred kilobytes.
const maxConfig = 4 << 20

// Adapter is an open adapter. It is safe for concurrent use.
type Adapter struct {
	// Name is the folder's, for messages.
	Name string
	// Modules are in the order of their names.
	Modules []Module
	file    *safetensors.File
}

// Module is what an adapter has for one module of the model.
type Module struct {
	// Name is the module's in the model, such as model.layers.0.self_attn.q_proj.
	Name string
	// Rank is the number of rows of A; In and Out are the module's own sizes. For an
	// embedding In is the number of its entries. All are 0 where only Weight is there.
	Rank, In, Out int
	// Scale is the number s that the product is multiplied by.
	Scale float64
	// Embedding says that rows of A's transpose are looked up, not multiplied.
	Embedding bool
	// Weight and Bias are the shapes of what replaces the module's own, nil where that
	// stays. Weight is [outputs, inputs], of an embedding [entries, width]. A bias may
	// stand alone, or beside the factors of its module.
	Weight, Bias []int

	a, b         string // names of the tensors
	weight, bias string
	base         string // the model's own weight, which is not used
	turned       bool   // A is stored as [In, Rank] and B as [Rank, Out]
	turnedWeight bool   // what replaces the weight is stored as [inputs, outputs]
}

// Open opens the adapter in a folder of the operating system. The context ends it.
func Open(ctx context.Context, dir string) (*Adapter, error) {
	info, err := os.Stat(dir)
	switch {
	case err != nil:
		return nil, fmt.Errorf("adapter: %w", err)
	case !info.IsDir():
		return nil, bad("%s is no folder: that of an adapter holds %s and %s", name(dir), configName, peftWeights)
	}
	return OpenFS(ctx, os.DirFS(dir), filepath.Base(filepath.Clean(dir)))
}

// OpenFS opens the adapter whose files lie at the root of fsys. Label names it in
// messages.
func OpenFS(ctx context.Context, fsys fs.FS, label string) (*Adapter, error) {
	a, err := open(ctx, fsys)
	if err != nil {
		return nil, fmt.Errorf("adapter %s: %w", name(label), err)
	}
	a.Name = label
	return a, nil
}

func open(ctx context.Context, fsys fs.FS) (*Adapter, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	raw, err := storage.ReadSmall(fsys, configName, maxConfig)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errors.Join(bad("the folder has no %s", configName), err)
	}
	if err != nil {
		return nil, err
	}
	read, weights, err := form(fsys, raw)
	if err != nil {
		return nil, err
	}
	file, err := safetensors.Open(fsys, weights)
	if err != nil {
		return nil, err
	}
	a := &Adapter{file: file}
	if a.Modules, err = read(file); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	slices.SortFunc(a.Modules, func(x, y Module) int { return strings.Compare(x.Name, y.Name) })
	return a, nil
}

// reader makes modules of a file's tensors.
type reader func(f *safetensors.File) ([]Module, error)

// form finds out whose adapter it is: the configuration of PEFT names its method.
func form(fsys fs.FS, raw []byte) (reader, string, error) {
	fields, err := fieldsOf(raw)
	if err != nil {
		return nil, "", err
	}
	_, peft := fields["peft_type"]
	_, mlx := fields["lora_parameters"]
	switch {
	case peft:
		c, err := readPEFT(fields)
		if err != nil {
			return nil, "", err
		}
		if !exists(fsys, peftWeights) && exists(fsys, peftPickle) {
			return nil, "", bad("%s holds Python objects, which are not read: load the adapter with peft and save it again, which writes %s", peftPickle, peftWeights)
		}
		return c.modules, peftWeights, nil
	case mlx:
		c, err := readMLX(fields)
		if err != nil {
			return nil, "", err
		}
		return c.modules, mlxWeights, nil
	}
	return nil, "", bad("%s has neither peft_type, as PEFT writes it, nor lora_parameters, as mlx-lm does", configName)
}

// exists reports whether a file lies in the folder.
func exists(fsys fs.FS, file string) bool {
	_, err := fs.Stat(fsys, file)
	return err == nil
}

// Close closes the file of the weights.
func (a *Adapter) Close() error { return a.file.Close() }

// Factors reads the two matrices of a module: A as [Rank, In] and B as [Out, Rank], row
// by row. Their memory is the caller's.
func (a *Adapter) Factors(m *Module) (af, bf []float32, err error) {
	if af, err = a.floats(m.a, m.turned); err != nil {
		return nil, nil, err
	}
	if bf, err = a.floats(m.b, m.turned); err != nil {
		return nil, nil, err
	}
	return af, bf, nil
}

// Replacement reads what replaces a module's weight and bias, nil where the module keeps
// its own.
func (a *Adapter) Replacement(m *Module) (weight, bias []float32, err error) {
	if m.weight != "" {
		if weight, err = a.floats(m.weight, m.turnedWeight); err != nil {
			return nil, nil, err
		}
	}
	if m.bias != "" {
		if bias, err = a.floats(m.bias, false); err != nil {
			return nil, nil, err
		}
	}
	return weight, bias, nil
}

// floats reads a tensor as float32, transposed where turned is set.
func (a *Adapter) floats(tensorName string, turned bool) ([]float32, error) {
	t, err := a.file.Tensor(tensorName)
	if err != nil {
		return nil, fmt.Errorf("adapter %s: %w", name(a.Name), err)
	}
	if turned {
		t = t.Transpose(1, 0)
	}
	v, err := tensor.Data[float32](t.To(tensor.Float32).Contiguous())
	if err != nil {
		return nil, fmt.Errorf("adapter %s: tensor %s: %w", name(a.Name), name(tensorName), err)
	}
	return v, nil
}

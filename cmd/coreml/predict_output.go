package main

import (
	"archive/zip"
	"cmp"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/internal/npy"
	"github.com/gocoreml/coreml/internal/safetensors"
	"github.com/gocoreml/coreml/tensor"
)

// outputForms says which kinds of output each form of file holds, and in words.
var outputForms = map[fileFormat]struct {
	name  string
	kinds []coreml.Kind
	one   bool // one output only
}{
	formatSafetensors: {"a file of tensors", arrayKinds, false},
	formatNPZ:         {"an .npz file", arrayKinds, false},
	formatNPY:         {"an .npy file", arrayKinds, true},
	formatPNG:         {"a .png file", []coreml.Kind{coreml.KindImage}, true},
}

// arrayKinds are the kinds of output that can be written as an array.
//
// Strings and dictionaries have no place in files of tensors.
var arrayKinds = []coreml.Kind{coreml.KindMultiArray, coreml.KindInt64, coreml.KindDouble, coreml.KindImage}

// outputFormat is the form of the file to write, by the ending of its name:
// tensors where it has none.
func outputFormat(path string) (fileFormat, error) {
	ending := filepath.Ext(path)
	switch f := extensions[strings.ToLower(ending)]; {
	case ending == "":
		// The form that holds several outputs and keeps their types.
		return formatSafetensors, nil
	// JPEG changes pixels, which are results here.
	case f == formatJPEG:
		return 0, usagef("--output %s: pictures are written as .png", path)
	case f == formatUnknown:
		return 0, usagef("--output %s: no outputs are written as %s: the name must end in .safetensors, .npz, .json, .npy or .png, the last two for one output", path, ending)
	default:
		return f, nil
	}
}

// checkForm says whether a file of the form can hold the outputs.
func checkForm(path string, format fileFormat, outputs []*coreml.FeatureDescription) error {
	form, ok := outputForms[format]
	if !ok {
		return nil // JSON holds everything
	}
	for _, d := range outputs {
		if !slices.Contains(form.kinds, d.Kind) {
			return fmt.Errorf("%s: output %q is of kind %v, which has no form in %s: write a .json file, or leave it out with --only", path, d.Name, d.Kind, form.name)
		}
	}
	if form.one && len(outputs) != 1 {
		names := make([]string, len(outputs))
		for i, d := range outputs {
			names[i] = d.Name
		}
		return fmt.Errorf("%s: %s holds one output, and there are %s: choose one with --only", path, form.name, nameList(names))
	}
	return nil
}

// writeOutputs writes the outputs to a file of the form.
func writeOutputs(w io.Writer, format fileFormat, d *coreml.Description, outputs []*coreml.FeatureDescription, out coreml.Features) error {
	switch format {
	case formatJSON:
		return writeValues(w, d, outputs, out)
	// There is one output, which checkForm has seen to.
	case formatPNG:
		return png.Encode(w, storable(out[outputs[0].Name].Image()))
	}
	// In the order of the package, or in that of --only.
	named := make([]safetensors.Named, len(outputs))
	for i, o := range outputs {
		t, err := outputArray(out[o.Name])
		if err != nil {
			return fmt.Errorf("output %q: %w", o.Name, err)
		}
		named[i] = safetensors.Named{Name: o.Name, Tensor: t}
	}
	switch format {
	case formatNPY:
		return npy.Write(w, named[0].Tensor)
	case formatNPZ:
		return writeNPZ(w, named)
	}
	return safetensors.Write(w, named, nil)
}

// outputArray returns an output as an array: numbers have one element, pictures
// the shape [height, width, 3], or [height, width] where they are grey.
//
// Whoever reads such a file has no other kind of value.
func outputArray(v coreml.Value) (*tensor.Tensor, error) {
	switch v.Kind() {
	case coreml.KindMultiArray:
		return v.MultiArray(), nil
	case coreml.KindInt64:
		n, _ := v.Int64()
		return tensor.Vector(n), nil
	case coreml.KindDouble:
		f, _ := v.Double()
		return tensor.Vector(f), nil
	case coreml.KindImage:
		_, t, err := imageArray(v.Image())
		return t, err
	}
	if v.Kind() == coreml.KindInvalid {
		return nil, coreml.ErrMissingFeature
	}
	return nil, fmt.Errorf("a value of kind %v is no array", v.Kind())
}

// storable returns a picture of a kind that PNG has.
//
// 16 bits of grey are as near to float16 pixels from 0 to 1 as PNG comes.
func storable(img image.Image) image.Image {
	f, ok := img.(*coreml.FloatGray)
	if !ok {
		return img
	}
	g := image.NewGray16(f.Rect)
	for y := f.Rect.Min.Y; y < f.Rect.Max.Y; y++ {
		for x := f.Rect.Min.X; x < f.Rect.Max.X; x++ {
			if c, ok := f.At(x, y).(color.Gray16); ok {
				g.SetGray16(x, y, c)
			}
		}
	}
	return g
}

// writeNPZ writes NumPy's archive.
func writeNPZ(w io.Writer, named []safetensors.Named) error {
	z := zip.NewWriter(w)
	for _, n := range named {
		// Not compressed, as numpy.savez writes it: weights and activations hardly
		// get smaller.
		member, err := z.CreateHeader(&zip.FileHeader{Name: n.Name + ".npy", Method: zip.Store})
		if err != nil {
			return err
		}
		if err := npy.Write(member, n.Tensor); err != nil {
			return err
		}
	}
	return z.Close()
}

// writeValues writes an object of the outputs by name, in the forms of
// docs/stdio.md.
func writeValues(w io.Writer, d *coreml.Description, outputs []*coreml.FeatureDescription, out coreml.Features) error {
	values, integers := make(map[string]any, len(outputs)), integerClasses(d)
	for _, o := range outputs {
		v, err := encodeValue(out[o.Name], integers)
		if err != nil {
			return fmt.Errorf("output %q: %w", o.Name, err)
		}
		values[o.Name] = v
	}
	return printJSON(w, values)
}

// printOutputs writes the outputs for people, a line each; the probabilities of
// classes come one a line, the greatest first.
func printOutputs(w io.Writer, d *coreml.Description, outputs []*coreml.FeatureDescription, out coreml.Features) error {
	for _, o := range outputs {
		v := out[o.Name]
		text := ""
		switch v.Kind() {
		case coreml.KindDictionary:
			text = "\n" + strings.TrimSuffix(probabilities(v.Dictionary(), integerClasses(d)), "\n")
		case coreml.KindImage:
			mode, t, err := imageArray(v.Image())
			if err != nil {
				return fmt.Errorf("output %q: %w", o.Name, err)
			}
			text = fmt.Sprintf("image %s, %d x %d pixels (-o FILE.png writes it)", mode, t.Dim(1), t.Dim(0))
		case coreml.KindString:
			s, _ := v.Text()
			text = strconv.QuoteToGraphic(s)
		default:
			t, err := outputArray(v)
			if err != nil {
				return fmt.Errorf("output %q: %w", o.Name, err)
			}
			text = t.String()
		}
		sep := " = "
		if strings.HasPrefix(text, "\n") {
			sep = " ="
		}
		if _, err := io.WriteString(w, shownName(o.Name)+sep+text+"\n"); err != nil {
			return err
		}
	}
	return nil
}

// probabilities lists a dictionary by falling number.
func probabilities(m map[string]float64, integers bool) string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, func(a, b string) int { return cmp.Or(cmp.Compare(m[b], m[a]), cmp.Compare(a, b)) })
	list := table{indent: "  "}
	for _, key := range keys {
		// Labels are quoted: "7" is the name of a class here, and 7 a class.
		label := key
		if !integers {
			label = strconv.QuoteToGraphic(key)
		}
		list.row(label, strconv.FormatFloat(m[key], 'g', 6, 64))
	}
	return list.String()
}

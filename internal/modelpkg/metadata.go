package modelpkg

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/gocoreml/coreml/internal/milpb"
	"github.com/gocoreml/coreml/internal/storage"
)

// metadataModel is a part of metadata.json, which Core ML's compiler writes for people:
// the whole model, or one of its functions. Numbers are texts in many places.
type metadataModel struct {
	Name                 string            `json:"name"`
	SpecificationVersion json.RawMessage   `json:"specificationVersion"`
	ModelType            metadataType      `json:"modelType"`
	InputSchema          []metadataFeature `json:"inputSchema"`
	OutputSchema         []metadataFeature `json:"outputSchema"`
	StateSchema          []metadataFeature `json:"stateSchema"`
	Functions            []metadataModel   `json:"functions"`
	DefaultFunctionName  string            `json:"defaultFunctionName"`
	ShortDescription     string            `json:"shortDescription"`
	Version              string            `json:"version"`
	Author               string            `json:"author"`
	License              string            `json:"license"`
	UserDefinedMetadata  map[string]any    `json:"userDefinedMetadata"`
}

// metadataType is the type of the model and of those that it consists of.
type metadataType struct {
	Name      string         `json:"name"`
	Structure []metadataType `json:"structure"`
}

// metadataFeature is an input, output or state there.
type metadataFeature struct {
	Name             string `json:"name"`
	ShortDescription string `json:"shortDescription"`
	Type             string `json:"type"`
	DataType         string `json:"dataType"`
	Shape            string `json:"shape"`
	ShapeRange       string `json:"shapeRange"`
	EnumeratedShapes string `json:"enumeratedShapes"`
	IsOptional       string `json:"isOptional"`
}

// maxMetadata bounds metadata.json, which has kilobytes.
const maxMetadata = 16 << 20

// readMetadata makes of metadata.json what it can of coremldata.bin. It has no defaults
// of optional inputs and no labels of classifiers, and is read only where the other file
// is missing.
func (p *Package) readMetadata(limit int64) (*compiledData, error) {
	limit = min(limit, maxMetadata)
	name := path.Join(p.dir, metadataName)
	raw, err := storage.ReadSmall(p.fsys, name, limit)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if p.has(networkName) {
			return nil, p.otherModel(milpb.ModelType(500))
		}
		return nil, fmt.Errorf("%w: the folder has neither %s nor %s", ErrCompiledData, dataName, metadataName)
	case errors.Is(err, storage.ErrTooLong):
		return nil, fmt.Errorf("%w: %s is larger than %d bytes", ErrCompiledData, metadataName, limit)
	case err != nil:
		return nil, p.inside(name, err)
	}
	data, err := parseMetadata(raw)
	if err != nil {
		if other := storage.Sniff(name, raw, "", storage.KindJSON, storage.KindText); other != nil {
			return nil, p.inside(name, other)
		}
		return nil, p.inside(name, fmt.Errorf("%w: %w", ErrCompiledData, err))
	}
	return data, nil
}

// parseMetadata reads metadata.json: a list of one model.
func parseMetadata(raw []byte) (*compiledData, error) {
	var list []metadataModel
	if err := json.Unmarshal(raw, &list); err != nil {
		return nil, storage.JSONError(err)
	}
	if len(list) != 1 {
		return nil, fmt.Errorf("it describes %d models, not 1", len(list))
	}
	m := &list[0]
	version, err := strconv.ParseInt(strings.Trim(string(m.SpecificationVersion), `"`), 10, 32)
	if err != nil {
		return nil, errors.New("the specification version is no number")
	}
	d := &compiledData{version: int32(version), stages: uint64(len(m.ModelType.Structure))}
	switch name := strings.TrimPrefix(m.ModelType.Name, "MLModelType_"); name {
	case "mlProgram":
		d.kind = milpb.TypeMLProgram
	case "pipeline":
		d.kind = milpb.TypePipeline
	default:
		return nil, &CompiledError{What: "a model of type " + storage.Quote(name), Err: ErrNotProgram}
	}
	d.description, err = m.describe()
	return d, err
}

// describe translates the interface.
func (m *metadataModel) describe() (*milpb.ModelDescription, error) {
	d := &milpb.ModelDescription{
		DefaultFunctionName: m.DefaultFunctionName,
		Metadata:            &milpb.Metadata{ShortDescription: m.ShortDescription, VersionString: m.Version, Author: m.Author, License: m.License},
	}
	for key, v := range m.UserDefinedMetadata {
		if s, ok := v.(string); ok {
			d.Metadata.UserDefined = append(d.Metadata.UserDefined, milpb.StringPair{Key: key, Value: s})
		}
	}
	slices.SortFunc(d.Metadata.UserDefined, func(a, b milpb.StringPair) int { return strings.Compare(a.Key, b.Key) })
	for i := range m.Functions {
		f := &m.Functions[i]
		fd := milpb.FunctionDescription{Name: f.Name}
		if err := f.features(&fd.Input, &fd.Output, &fd.State); err != nil {
			return nil, err
		}
		d.Functions = append(d.Functions, fd)
	}
	if len(d.Functions) > 0 {
		return d, nil // what stands at the top repeats the default function
	}
	return d, m.features(&d.Input, &d.Output, &d.State)
}

// features translates the three lists of features.
func (m *metadataModel) features(input, output, state *[]milpb.FeatureDescription) error {
	for _, part := range []struct {
		from []metadataFeature
		to   *[]milpb.FeatureDescription
		kind milpb.FeatureKind
	}{{m.InputSchema, input, milpb.MultiArrayFeature}, {m.OutputSchema, output, milpb.MultiArrayFeature}, {m.StateSchema, state, milpb.StateFeature}} {
		for i := range part.from {
			f, err := part.from[i].describe(part.kind)
			if err != nil {
				return fmt.Errorf("feature %s: %w", storage.Quote(part.from[i].Name), err)
			}
			*part.to = append(*part.to, f)
		}
	}
	return nil
}

// metadataTypes are the names of element types there.
var metadataTypes = map[string]milpb.ArrayDataType{
	"Float16": milpb.ArrayFloat16, "Float32": milpb.ArrayFloat32, "Double": milpb.ArrayDouble,
	"Int32": milpb.ArrayInt32, "Int8": milpb.ArrayInt8,
}

// describe translates one feature. Only arrays have all of their type there; an image,
// for one, lacks the order of its colours.
func (m *metadataFeature) describe(kind milpb.FeatureKind) (f milpb.FeatureDescription, err error) {
	a := &milpb.ArrayFeatureType{DataType: metadataTypes[m.DataType]}
	f = milpb.FeatureDescription{Name: m.Name, ShortDescription: m.ShortDescription, Type: &milpb.FeatureType{
		Kind: kind, Array: a, Optional: m.IsOptional == "1",
	}}
	if a.DataType == 0 || m.Type != "MultiArray" && m.Type != "State" {
		return f, fmt.Errorf("%s does not tell enough of one of type %s: %s is needed", metadataName, storage.Quote(m.Type), dataName)
	}
	if err := numbers(m.Shape, &a.Shape); err != nil {
		return f, err
	}
	var ranges, shapes [][]int64
	if err := numbers(m.ShapeRange, &ranges); err != nil {
		return f, err
	}
	if err := numbers(m.EnumeratedShapes, &shapes); err != nil {
		return f, err
	}
	for _, r := range ranges {
		if len(r) != 2 || r[0] < 0 {
			return f, errors.New("a range of sizes has no two ends")
		}
		a.Ranges = append(a.Ranges, milpb.SizeRange{Lower: uint64(r[0]), Upper: r[1]})
	}
	for _, s := range shapes {
		a.Enumerated = append(a.Enumerated, milpb.Shape{Sizes: s})
	}
	return f, nil
}

// numbers reads a list that stands in a text, such as [1, 4]; none is an empty one.
func numbers(text string, to any) error {
	if text == "" {
		return nil
	}
	if err := json.Unmarshal([]byte(text), to); err != nil {
		return fmt.Errorf("%s is no list of numbers", storage.Quote(text))
	}
	return nil
}

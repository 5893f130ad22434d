package modelpkg

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strconv"

	"github.com/gocoreml/coreml/internal/milpb"
	"github.com/gocoreml/coreml/internal/storage"
)

// ProgramName is the file in a compiled model that holds the text of its program.
const ProgramName = "model.mil"

// The other files of a compiled model. A pipeline has none but the first at its top, and
// a folder model0, model1, ... with all of them for each of its models.
const (
	dataName     = "coremldata.bin"
	metadataName = "metadata.json"
	networkName  = "model.espresso.net"
)

// Bounds of what is read of a compiled model besides its program and its weights.
// Descriptions have kilobytes and pipelines three or four models. Those of a pipeline are
// in memory together.
const (
	maxData      = 64 << 20
	maxStageData = 256 << 10
	maxStages    = 32
)

// compiledData is what coremldata.bin says.
type compiledData struct {
	kind        milpb.ModelType
	version     int32
	description *milpb.ModelDescription
	stages      uint64 // of a pipeline
}

// openCompiled opens a compiled model: its description, the text of its program, or the
// models that a pipeline consists of.
func (p *Package) openCompiled() error {
	data, err := p.readData(maxData)
	if err != nil {
		return err
	}
	return p.hold(data)
}

// hold takes over a description, and opens what it is about.
func (p *Package) hold(data *compiledData) error {
	p.modelDir = p.dir
	p.model = &milpb.Model{SpecificationVersion: data.version, Description: data.description, Type: data.kind}
	p.compiled = true
	switch data.kind {
	case milpb.TypeMLProgram:
		return p.openText()
	case milpb.TypePipeline:
		return p.openStages(data.stages)
	}
	return p.otherModel(data.kind)
}

// otherModel refuses a model that is no program by what it is.
func (p *Package) otherModel(kind milpb.ModelType) error {
	what := "a model of type " + kind.String()
	switch {
	case kind.String() == "unknown":
		what = "a model of type " + strconv.Itoa(int(kind))
	case p.has(networkName):
		what = "a neural network of the type " + kind.String() + " (" + networkName + ")"
	}
	return &CompiledError{What: what, Err: ErrNotProgram}
}

// has reports whether a file of that name lies in the folder.
func (p *Package) has(name string) bool {
	_, err := fs.Stat(p.fsys, path.Join(p.dir, name))
	return err == nil
}

// openText maps the text of the program. What it says is for package mil to read; here
// only what is no text at all is told apart.
func (p *Package) openText() (err error) {
	name := path.Join(p.dir, ProgramName)
	if p.spec, err = storage.ReadFile(p.fsys, name); err != nil {
		if errors.Is(err, fs.ErrNotExist) && p.has(networkName) {
			return p.otherModel(p.model.Type)
		}
		return p.inside(name, err)
	}
	defer storage.EndFaults(storage.WatchFaults(), &err)
	text := p.spec.Data()
	if startsProgram(text) {
		return p.spec.Err()
	}
	if other := storage.Sniff(name, text, "", storage.KindText, storage.KindCompiled); other != nil {
		return p.inside(name, other)
	}
	what := "a model whose " + ProgramName + " is encrypted or damaged: it is no text of a program"
	return &CompiledError{What: what}
}

// startsProgram reports whether a text begins as programs do. An encrypted one begins
// with anything.
func startsProgram(text []byte) bool {
	const word = "program"
	i := 0
	for i < len(text) && (text[i] == ' ' || text[i] == '\t' || text[i] == '\r' || text[i] == '\n') {
		i++
	}
	return len(text)-i > len(word) && string(text[i:i+len(word)]) == word
}

// openStages opens the models of a pipeline, each of which is a compiled model of its
// own.
func (p *Package) openStages(n uint64) error {
	if n == 0 || n > maxStages {
		return fmt.Errorf("%w: a pipeline of %d models", ErrCompiledData, n)
	}
	for i := range n {
		stage, err := openStage(p.fsys, path.Join(p.dir, "model"+strconv.FormatUint(i, 10)))
		if err != nil {
			return fmt.Errorf("model %d of the pipeline: %w", i, err)
		}
		p.stages = append(p.stages, stage)
	}
	p.addStates()
	return nil
}

// addStates describes the states of a pipeline's models as its own, where its description
// leaves them to the models.
func (p *Package) addStates() {
	d := p.description()
	if len(d.State) > 0 {
		return
	}
	seen := map[string]bool{}
	for _, stage := range p.stages {
		f, err := stage.FunctionInterface("")
		if err != nil {
			continue // who reads its program says so
		}
		for _, s := range f.State {
			if !seen[s.Name] {
				seen[s.Name] = true
				d.State = append(d.State, s)
			}
		}
	}
}

// openStage opens one model of a pipeline.
func openStage(fsys fs.FS, dir string) (*Package, error) {
	p := &Package{fsys: fsys, dir: dir, files: newWeightFiles()}
	data, err := p.readData(maxStageData)
	if err != nil {
		return nil, err
	}
	if data.kind == milpb.TypePipeline {
		return nil, &CompiledError{What: "a pipeline within a pipeline", Err: ErrNotProgram}
	}
	if err := p.hold(data); err != nil {
		return nil, errors.Join(err, p.Close())
	}
	return p, nil
}

// Text returns the text of a compiled model's program, nil for any other package. It is
// valid until Close.
func (p *Package) Text() []byte {
	if !p.compiled || p.spec == nil {
		return nil
	}
	return p.spec.Data()
}

// Stages returns the models that a compiled pipeline consists of, in their order, and
// none for any other package. They belong to p, which closes them.
func (p *Package) Stages() []*Package { return p.stages }

// Compiled reports whether the package is a compiled model.
func (p *Package) Compiled() bool { return p.compiled }

// readData reads coremldata.bin, and what metadata.json says in its place where it is
// missing.
func (p *Package) readData(limit int64) (*compiledData, error) {
	name := path.Join(p.dir, dataName)
	raw, err := storage.ReadSmall(p.fsys, name, limit)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return p.readMetadata(limit)
	case errors.Is(err, storage.ErrTooLong):
		return nil, fmt.Errorf("%w: %s is larger than %d bytes", ErrCompiledData, dataName, limit)
	case err != nil:
		return nil, p.inside(name, err)
	}
	data, err := parseData(raw)
	if err != nil {
		if other := storage.Sniff(name, raw, "", storage.KindCompiled); other != nil {
			return nil, p.inside(name, other)
		}
		return nil, p.inside(name, fmt.Errorf("%w: %w", ErrCompiledData, err))
	}
	return data, nil
}

// coremldata.bin, little-endian throughout: the type of the model, six numbers of four
// bytes of which the fifth is 1 in pipelines, the devices it was compiled for as a text
// behind its length of eight bytes, the specification version, 28 bytes, and the
// description behind its length. In a pipeline the number of its models follows, of
// eight bytes; in a program what nobody needs.
const (
	dataHeader = 28
	dataGap    = 28
)

var errCut = errors.New("it ends too early")

// parseData reads coremldata.bin. Neural networks have a shorter one, of which only the
// type is read.
func parseData(b []byte) (*compiledData, error) {
	if len(b) < 4 {
		return nil, errCut
	}
	d := &compiledData{kind: milpb.ModelType(binary.LittleEndian.Uint32(b))}
	if d.kind != milpb.TypeMLProgram && d.kind != milpb.TypePipeline {
		return d, nil
	}
	if len(b) < dataHeader {
		return nil, errCut
	}
	_, b, err := counted(b[dataHeader:])
	if err != nil {
		return nil, err
	}
	if len(b) < 4+dataGap {
		return nil, errCut
	}
	d.version = int32(binary.LittleEndian.Uint32(b))
	raw, rest, err := counted(b[4+dataGap:])
	if err != nil {
		return nil, err
	}
	if d.description, err = milpb.DecodeDescription(raw); err != nil {
		return nil, err
	}
	if d.kind == milpb.TypePipeline {
		if len(rest) < 8 {
			return nil, errCut
		}
		d.stages = binary.LittleEndian.Uint64(rest)
	}
	return d, nil
}

// counted cuts off bytes that stand behind their number.
func counted(b []byte) (head, rest []byte, err error) {
	if len(b) < 8 {
		return nil, nil, errCut
	}
	n := binary.LittleEndian.Uint64(b)
	if n > uint64(len(b)-8) {
		return nil, nil, fmt.Errorf("a part of %d bytes exceeds the file", n)
	}
	return b[8 : 8+n], b[8+n:], nil
}

// CompiledData returns the content of coremldata.bin for a program with this
// specification version and description, as Core ML's compiler writes it.
func CompiledData(version int32, d *milpb.ModelDescription) []byte {
	const target = "generic"
	u32, u64 := binary.LittleEndian.AppendUint32, binary.LittleEndian.AppendUint64
	b := make([]byte, dataHeader)
	binary.LittleEndian.PutUint32(b, uint32(milpb.TypeMLProgram))
	binary.LittleEndian.PutUint32(b[4:], 9)
	b = append(u64(b, uint64(len(target))), target...)
	b = append(u32(b, uint32(version)), make([]byte, dataGap)...)
	raw := d.Encode()
	b = append(u64(b, uint64(len(raw))), raw...)
	for range max(1, len(d.Functions)) {
		b = append(u32(b, uint32(milpb.TypeMLProgram)), make([]byte, 12)...)
	}
	return b
}

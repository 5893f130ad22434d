package milpb

import "google.golang.org/protobuf/encoding/protowire"

// Model is a whole model file: model.mlmodel in a package, or a bare .mlmodel.
type Model struct {
	// SpecificationVersion is the file format's: 6 is iOS15, 9 is iOS18. Core
	// ML refuses a version that is newer than the system.
	SpecificationVersion int32
	Description          *ModelDescription
	IsUpdatable          bool
	// Program is the content when the model is an ML Program.
	Program *Program
	// Type is the number of the field that holds the content, TypeMLProgram for
	// an ML Program; 0 when there is none. Other is the content of every other
	// type. It refers to the decoded file.
	Type  ModelType
	Other []byte
}

// ModelType is the sort of a model: its field number in the Model message. A
// type that is not in the list leaves Type 0.
type ModelType int32

// The types of model that can be run. The content of TypeMLProgram is the only one that
// this package knows; a pipeline consists of models of other types.
const (
	TypeMLProgram ModelType = 502
	TypePipeline  ModelType = 202
)

// modelTypes are the members of the oneof Type in Model.proto. The names are
// for messages only.
var modelTypes = map[ModelType]string{
	200: "pipelineClassifier", 201: "pipelineRegressor", 202: "pipeline",
	300: "glmRegressor", 301: "supportVectorRegressor", 302: "treeEnsembleRegressor",
	303: "neuralNetworkRegressor", 304: "bayesianProbitRegressor",
	400: "glmClassifier", 401: "supportVectorClassifier", 402: "treeEnsembleClassifier",
	403: "neuralNetworkClassifier", 404: "kNearestNeighborsClassifier",
	500: "neuralNetwork", 501: "itemSimilarityRecommender", 502: "mlProgram",
	555: "customModel", 556: "linkedModel", 560: "classConfidenceThresholding",
	600: "oneHotEncoder", 601: "imputer", 602: "featureVectorizer", 603: "dictVectorizer",
	604: "scaler", 606: "categoricalMapping", 607: "normalizer", 609: "arrayFeatureExtractor",
	610: "nonMaximumSuppression", 900: "identity",
	2000: "textClassifier", 2001: "wordTagger", 2002: "visionFeaturePrint",
	2003: "soundAnalysisPreprocessing", 2004: "gazetteer", 2005: "wordEmbedding",
	2006: "audioFeaturePrint", 3000: "serializedModel",
}

// String returns Core ML's name of the type: mlProgram, neuralNetwork, ...
func (t ModelType) String() string {
	if s, ok := modelTypes[t]; ok {
		return s
	}
	return "unknown"
}

// DecodeModel reads a model file. Tensor data of the result refers to b, which
// must stay as it is for as long as the result is used; strings are copies. The
// work grows with the length of b, and no input makes it panic or take memory
// beyond the budget. An error is a [*FormatError].
func DecodeModel(b []byte) (*Model, error) {
	m := new(Model)
	if err := newDecoder(len(b)).decode(b, m); err != nil {
		return nil, err
	}
	return m, nil
}

// Encode returns the model in wire format. Fields come in a fixed order, so
// that the same model always gives the same bytes. It cannot fail.
func (m *Model) Encode() []byte { return m.append(nil) }

// message Model (Model.proto): int32 specificationVersion = 1; ModelDescription
// description = 2; bool isUpdatable = 10; and a oneof of all types of model, by the
// numbers of ModelType.
func (*Model) name() string { return "Model" }

func (m *Model) set(d *decoder, f field) (err error) {
	var v uint64
	switch f.num {
	case 1:
		v, err = f.varint()
		m.SpecificationVersion = int32(v)
	case 2:
		m.Description, err = sub(d, f, m.Description)
	case 10:
		v, err = f.varint()
		m.IsUpdatable = v != 0
	// The last member of the oneof counts, as for every oneof.
	case protowire.Number(TypeMLProgram):
		m.Type, m.Other = TypeMLProgram, nil
		m.Program, err = sub(d, f, m.Program)
	default: // of other types only the number counts, for the message that refuses them
		if _, ok := modelTypes[ModelType(f.num)]; ok {
			m.Type, m.Program = ModelType(f.num), nil
			m.Other, err = f.data()
		}
	}
	return err
}

func (m *Model) append(b []byte) []byte {
	b = appendVarint(b, 1, uint64(int64(m.SpecificationVersion)))
	b = appendSub(b, 2, m.Description)
	b = appendBool(b, 10, m.IsUpdatable)
	// A program wins over Other, whatever Type says.
	if m.Program != nil {
		return appendSub(b, protowire.Number(TypeMLProgram), m.Program)
	}
	if m.Type != 0 {
		b = protowire.AppendTag(b, protowire.Number(m.Type), protowire.BytesType)
		b = protowire.AppendBytes(b, m.Other)
	}
	return b
}

// ModelDescription is the interface of a model. In a package with several
// functions the top-level features are empty and Functions holds them. The
// features must agree with the program's parameters and results; nothing in the
// format sees to that.
type ModelDescription struct {
	Input, Output, State       []FeatureDescription
	PredictedFeatureName       string
	PredictedProbabilitiesName string
	Functions                  []FunctionDescription
	DefaultFunctionName        string
	Metadata                   *Metadata
}

// message ModelDescription: repeated FeatureDescription input = 1, output = 10 and
// state = 13; the names of a classifier's results = 11 and 12; repeated
// FunctionDescription functions = 20; string defaultFunctionName = 21; Metadata = 100.
// Training inputs, 50, are none of ours.
func (*ModelDescription) name() string { return "ModelDescription" }

func (m *ModelDescription) set(d *decoder, f field) (err error) {
	switch f.num {
	case 1:
		m.Input, err = add(d, f, m.Input)
	case 10:
		m.Output, err = add(d, f, m.Output)
	case 11:
		m.PredictedFeatureName, err = d.text(f)
	case 12:
		m.PredictedProbabilitiesName, err = d.text(f)
	case 13:
		m.State, err = add(d, f, m.State)
	case 20:
		m.Functions, err = add(d, f, m.Functions)
	case 21:
		m.DefaultFunctionName, err = d.text(f)
	case 100:
		m.Metadata, err = sub(d, f, m.Metadata)
	}
	return err
}

func (m *ModelDescription) append(b []byte) []byte {
	b = appendList(b, 1, m.Input)
	b = appendList(b, 10, m.Output)
	b = appendText(b, 11, m.PredictedFeatureName)
	b = appendText(b, 12, m.PredictedProbabilitiesName)
	b = appendList(b, 13, m.State)
	b = appendList(b, 20, m.Functions)
	b = appendText(b, 21, m.DefaultFunctionName)
	return appendSub(b, 100, m.Metadata)
}

// FunctionDescription is the interface of one function. A package without
// functions in its list has one, main, described at the top.
type FunctionDescription struct {
	Name                       string
	Input, Output, State       []FeatureDescription
	PredictedFeatureName       string
	PredictedProbabilitiesName string
}

// message FunctionDescription, since iOS18: string name = 1; repeated FeatureDescription
// input = 2, output = 3 and state = 6; the names of a classifier's results = 4 and 5.
func (*FunctionDescription) name() string { return "FunctionDescription" }

func (m *FunctionDescription) set(d *decoder, f field) (err error) {
	switch f.num {
	case 1:
		m.Name, err = d.text(f)
	case 2:
		m.Input, err = add(d, f, m.Input)
	case 3:
		m.Output, err = add(d, f, m.Output)
	case 4:
		m.PredictedFeatureName, err = d.text(f)
	case 5:
		m.PredictedProbabilitiesName, err = d.text(f)
	case 6:
		m.State, err = add(d, f, m.State)
	}
	return err
}

func (m *FunctionDescription) append(b []byte) []byte {
	b = appendText(b, 1, m.Name)
	b = appendList(b, 2, m.Input)
	b = appendList(b, 3, m.Output)
	b = appendText(b, 4, m.PredictedFeatureName)
	b = appendText(b, 5, m.PredictedProbabilitiesName)
	return appendList(b, 6, m.State)
}

// Metadata is what the author says of the model. Nothing of it has a meaning
// for the computation. coremltools notes its own version among UserDefined.
type Metadata struct {
	ShortDescription, VersionString, Author, License string
	UserDefined                                      []StringPair
}

// StringPair is an entry of a map from string to string.
type StringPair struct{ Key, Value string }

// message Metadata: string shortDescription = 1; string versionString = 2; string
// author = 3; string license = 4; map<string, string> userDefined = 100. All of it is
// text about the model and counts against the budget of such.
func (*Metadata) name() string { return "Metadata" }

func (m *Metadata) set(d *decoder, f field) (err error) {
	switch f.num {
	case 1:
		m.ShortDescription, err = d.about(f)
	case 2:
		m.VersionString, err = d.about(f)
	case 3:
		m.Author, err = d.about(f)
	case 4:
		m.License, err = d.about(f)
	case 100:
		m.UserDefined, err = add(d, f, m.UserDefined)
	}
	return err
}

func (m *Metadata) append(b []byte) []byte {
	b = appendText(b, 1, m.ShortDescription)
	b = appendText(b, 2, m.VersionString)
	b = appendText(b, 3, m.Author)
	b = appendText(b, 4, m.License)
	return appendList(b, 100, m.UserDefined)
}

// UserDefinedEntry is the map entry of Metadata.userDefined.
func (*StringPair) name() string { return "UserDefinedEntry" }

func (m *StringPair) set(d *decoder, f field) (err error) {
	switch f.num {
	case 1:
		m.Key, err = d.about(f)
	case 2:
		m.Value, err = d.about(f)
	}
	return err
}

func (m *StringPair) append(b []byte) []byte {
	return appendText(appendText(b, 1, m.Key), 2, m.Value)
}

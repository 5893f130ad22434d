package archtest

// Room is one directory of the module and everything below it, up to the next
// room. Packages of one room may import each other.
type Room struct {
	// Dir is the directory relative to the module's root, "." for the root itself.
	Dir string

	// May lists the rooms whose packages this room may import.
	// "internal/x@darwin" allows it only in files that are built for darwin and
	// nowhere else; "*" allows every room. A room need not name itself.
	May []string

	// Third lists the import path prefixes outside the standard library and
	// this module that non-test files may import; "*" allows every one. Tests
	// may import more, see TestThird.
	Third []string

	// Std lists the packages of [Rules.RestrictedStd] that this room may import.
	Std []string

	// Opens lists those of [Rules.Opening] that this room may use; "*" allows all.
	Opens []string

	// Prints is true for commands and examples, which may print, log and exit.
	Prints bool
}

// Rules is everything that a [Tree] is checked against.
type Rules struct {
	// Module is the import path of the root module.
	Module string

	// Rooms is the list of import rules. A package that lies in no room is an
	// error. The order is for readers; a directory belongs to the longest path
	// that holds it.
	Rooms []Room

	// RestrictedStd lists packages of the standard library that a room must ask for.
	RestrictedStd []string

	// TestThird lists import path prefixes that test files may import in addition
	// to what their room may.
	TestThird []string

	// TestRooms lists rooms that every test file may import. Helpers, and what
	// tests make packages with.
	TestRooms []string

	// Dependencies are the modules that the root module may require directly.
	Dependencies []string

	// Identifiers are selectors, as "package.Name", that rooms which do not print
	// may not use. "fmt.Print*" stands for every name with that prefix.
	Identifiers []string

	// Opening are selectors that open files by name and wait where no file lies: a
	// named pipe. Only rooms that say so may use them, and tests; every other one
	// opens with package storage.
	Opening []string

	// Everywhere are selectors that no file at all may use. What they do wrong
	// cannot be right in a test either.
	Everywhere []string

	// Markers are words that no comment may contain.
	Markers []string

	// MaxLines is the most lines that a hand-written file may have.
	MaxLines int
}

// Paths of modules that more than one rule names.
const (
	purego   = "github.com/ebitengine/purego"
	sugarme  = "github.com/sugarme/tokenizer"
	regexp2  = "github.com/dlclark/regexp2"
	protobuf = "google.golang.org/protobuf"
	sys      = "golang.org/x/sys"
	exp      = "golang.org/x/exp"
	goCmp    = "github.com/google/go-cmp"
	plotter  = "gonum.org/v1/plot"

	langchaingo = "github.com/tmc/langchaingo"
	genkit      = "github.com/firebase/genkit/go"
	fantasy     = "charm.land/fantasy"
)

// Default returns the rules of this repository. Imports go one way: a room may
// name only rooms that stand above it in this list, or that a comment explains.
func Default() Rules {
	return Rules{
		Module: "github.com/gocoreml/coreml",
		Rooms: []Room{
			// The module's front page: documentation, no code.
			{Dir: "."},

			// What lies under everything.
			{Dir: "internal/dtype"},
			{Dir: "internal/quote"},
			// How pictures lie, and how they are scaled.
			{Dir: "internal/imaging"},
			{Dir: "internal/apikey"},
			{Dir: "internal/samebits"}, // functions whose bits do not depend on the processor
			{Dir: "internal/storage", May: []string{"internal/dtype", "internal/quote"}, Third: []string{sys}, Opens: []string{"*"}},
			{Dir: "internal/workpool", Opens: []string{"os.ReadFile"}}, // what the kernel says of the cores
			{Dir: "internal/kernel", May: []string{"internal/dtype", "internal/workpool"}, Third: []string{sys}},
			// The program that writes the kernels' assembly: it uses no package but its own.
			{Dir: "internal/kernel/_asm", Prints: true},
			{Dir: "tensor", May: []string{"internal/dtype", "internal/samebits", "internal/storage", "internal/kernel", "internal/workpool"}, Third: []string{exp}},
			{Dir: "internal/safetensors", May: []string{"internal/dtype", "internal/storage", "tensor"}},
			{Dir: "internal/driverfile", May: []string{"internal/storage"}},
			{Dir: "internal/npy", May: []string{"tensor", "internal/storage"}},
			// Trained models as their publishers store them, and how weights get smaller.
			{Dir: "internal/checkpoint", May: []string{"internal/safetensors", "internal/dtype", "internal/kernel", "internal/storage", "internal/quote", "internal/workpool", "tensor"}},
			{Dir: "internal/quantize", May: []string{"internal/dtype", "internal/kernel", "internal/workpool"}},

			// Reading packages and programs.
			{Dir: "internal/milpb", May: []string{"internal/dtype", "internal/storage"}, Third: []string{protobuf}},
			// The weight file that is being written, in a folder of the writer's own.
			{Dir: "internal/modelpkg", May: []string{"internal/milpb", "internal/dtype", "internal/storage"}, Opens: []string{"os.OpenFile"}},
			{Dir: "internal/mil", May: []string{"internal/modelpkg", "internal/milpb", "internal/dtype", "internal/quote", "internal/storage"}},
			{Dir: "internal/edit", May: []string{"internal/mil", "internal/modelpkg", "internal/milpb", "internal/dtype", "internal/storage"}},
			{Dir: "internal/quantize/declare", May: []string{"internal/quantize", "internal/mil", "internal/dtype"}},
			{Dir: "internal/modelgen/random", May: []string{"internal/modelgen", "internal/mil", "internal/dtype"}},
			{Dir: "internal/modelgen", May: []string{"internal/mil", "internal/modelpkg", "internal/milpb", "internal/dtype"}},

			// Low-rank adapters: their files, and what they make of a program.
			{Dir: "internal/adapter/graft", May: []string{"internal/adapter", "internal/mil", "internal/dtype", "internal/quote"}},
			{Dir: "internal/adapter", May: []string{"internal/safetensors", "internal/storage", "internal/quote", "tensor"}},

			// Engines: the seam, and what stands behind it.
			{Dir: "internal/engine", May: []string{"internal/adapter", "tensor", "internal/dtype", "internal/storage"}},
			// The portable engine in five rooms, lowest first: numbers in memory, compressed
			// constants, operators, the passes that make a plan, and the engine that runs it.
			{Dir: "internal/engine/portable/array", May: []string{"internal/kernel", "internal/dtype"}},
			{Dir: "internal/engine/portable/weight", May: []string{
				"internal/engine/portable/array", "internal/mil", "internal/kernel", "internal/dtype",
			}},
			{Dir: "internal/engine/portable/op", May: []string{
				"internal/engine/portable/array", "internal/engine/portable/weight",
				"internal/mil", "tensor", "internal/kernel", "internal/workpool", "internal/dtype", "internal/samebits", "internal/storage",
			}},
			{Dir: "internal/engine/portable/plan", May: []string{
				"internal/engine/portable/array", "internal/engine/portable/weight", "internal/engine/portable/op",
				"internal/engine", "internal/mil", "internal/kernel", "internal/workpool", "internal/dtype", "internal/storage",
			}},
			{Dir: "internal/engine/portable", May: []string{
				"internal/engine/portable/array", "internal/engine/portable/weight", "internal/engine/portable/op", "internal/engine/portable/plan",
				"internal/engine", "internal/adapter", "internal/adapter/graft", "internal/mil", "internal/modelpkg", "internal/milpb", "tensor",
				"internal/kernel", "internal/workpool", "internal/dtype", "internal/storage",
			}},
			{Dir: "internal/objc", Third: []string{purego}},
			{Dir: "internal/engine/apple", May: []string{
				"internal/engine", "internal/objc", "internal/modelpkg", "tensor", "internal/dtype", "internal/storage",
			}, Opens: []string{"os.OpenFile"}}, // for writing into the cache
			{Dir: "internal/enginetest", May: []string{
				"internal/engine", "internal/mil", "internal/modelpkg", "internal/safetensors", "internal/testutil", "tensor",
				"internal/dtype", "internal/storage",
			}, Third: []string{goCmp}, Opens: []string{"*"}},

			// The public packages that load and run models. CoreML.framework is
			// linked on macOS only: purego makes a Linux binary dynamic.
			{Dir: "coreml", May: []string{
				"internal/engine", "internal/engine/portable", "internal/engine/apple@darwin",
				"internal/adapter", "internal/adapter/graft", "internal/mil", "internal/modelpkg", "internal/safetensors", "tensor", "internal/dtype", "internal/storage",
			}},

			// A checkpoint becomes a package.
			{Dir: "coreml/convert", May: []string{
				"internal/checkpoint", "internal/quantize", "internal/quantize/declare", "internal/modelgen", "internal/modelpkg",
				"internal/adapter", "internal/adapter/graft", "internal/mil", "internal/milpb", "internal/kernel", "internal/workpool", "internal/dtype", "internal/storage",
			}},

			// A package becomes a smaller one.
			{Dir: "coreml/compress", May: []string{
				"internal/quantize", "internal/quantize/declare", "internal/mil", "internal/modelpkg", "internal/milpb",
				"internal/dtype", "internal/storage",
			}},

			// Leaves: they know nothing of models.
			{Dir: "internal/jinja", May: []string{"internal/quote"}},
			// The rooms of a tokenizer, in the order of their imports.
			// The tables of Unicode.
			{Dir: "tokenizer/internal/uni"},
			// What a file is refused with.
			{Dir: "tokenizer/internal/fault", May: []string{"internal/quote"}},
			// What a call may do.
			{Dir: "tokenizer/internal/budget"},
			// Reading tokenizer.json.
			{Dir: "tokenizer/internal/jsontext", May: []string{"tokenizer/internal/budget", "tokenizer/internal/fault"}},
			// Tokens and ids.
			{Dir: "tokenizer/internal/vocab", May: []string{"tokenizer/internal/fault", "tokenizer/internal/jsontext"}},
			// Bytes as characters.
			{Dir: "tokenizer/internal/bytelevel", May: []string{"tokenizer/internal/budget"}},
			// What cuts and replaces.
			{Dir: "tokenizer/internal/pattern", May: []string{
				"tokenizer/internal/uni", "tokenizer/internal/fault", "tokenizer/internal/budget",
			}, Third: []string{regexp2}},
			// A text that knows where it comes from.
			{Dir: "tokenizer/internal/normalized", May: []string{
				"tokenizer/internal/uni", "tokenizer/internal/budget", "tokenizer/internal/bytelevel",
				"tokenizer/internal/pattern",
			}},
			// Rewrites it.
			{Dir: "tokenizer/internal/normalizer", May: []string{
				"tokenizer/internal/uni", "tokenizer/internal/fault", "tokenizer/internal/budget",
				"tokenizer/internal/jsontext", "tokenizer/internal/bytelevel", "tokenizer/internal/pattern",
				"tokenizer/internal/normalized",
			}},
			// Cuts it.
			{Dir: "tokenizer/internal/pretokenizer", May: []string{
				"tokenizer/internal/uni", "tokenizer/internal/fault", "tokenizer/internal/budget",
				"tokenizer/internal/jsontext", "tokenizer/internal/bytelevel", "tokenizer/internal/vocab", "tokenizer/internal/pattern",
				"tokenizer/internal/normalized",
			}},
			// The way back; shares the mark for spaces with the pre-tokenizer.
			{Dir: "tokenizer/internal/decoder", May: []string{
				"tokenizer/internal/fault", "tokenizer/internal/budget", "tokenizer/internal/jsontext",
				"tokenizer/internal/vocab", "tokenizer/internal/bytelevel", "tokenizer/internal/pattern",
				"tokenizer/internal/pretokenizer",
			}},
			// Tokens that are found before all that.
			{Dir: "tokenizer/internal/added", May: []string{"tokenizer/internal/uni", "tokenizer/internal/budget"}},
			// What the files beside tokenizer.json say of them, and of the rest.
			{Dir: "tokenizer/internal/sidefiles", May: []string{"tokenizer/internal/added", "tokenizer/internal/fault", "tokenizer/internal/jsontext"}},
			// Pieces of text become ids.
			{Dir: "tokenizer/internal/model", May: []string{
				"tokenizer/internal/uni", "tokenizer/internal/fault", "tokenizer/internal/budget",
				"tokenizer/internal/jsontext", "tokenizer/internal/vocab", "tokenizer/internal/bytelevel",
			}},
			// Another file, with models of its own.
			{Dir: "tokenizer/internal/sentencepiece", May: []string{
				"tokenizer/internal/uni", "tokenizer/internal/fault", "tokenizer/internal/budget", "tokenizer/internal/vocab",
				"tokenizer/internal/bytelevel", "tokenizer/internal/normalized", "tokenizer/internal/normalizer",
				"tokenizer/internal/added", "tokenizer/internal/model",
			}, Third: []string{protobuf}},
			// Files of ranks.
			{Dir: "tokenizer/internal/tiktoken", May: []string{"tokenizer/internal/fault", "tokenizer/internal/vocab"}},
			{Dir: "tokenizer/internal/tekken", May: []string{
				"tokenizer/internal/fault", "tokenizer/internal/jsontext", "tokenizer/internal/vocab",
			}},
			// Conversations and tool calls, over the template engine.
			{Dir: "tokenizer/internal/chat", May: []string{"internal/jinja"}},
			// Tests write models of SentencePiece by hand, for which protobuf.
			{Dir: "tokenizer", May: []string{
				"internal/storage", "internal/quote", "tokenizer/internal/chat",
				"tokenizer/internal/uni", "tokenizer/internal/fault", "tokenizer/internal/budget",
				"tokenizer/internal/jsontext", "tokenizer/internal/vocab", "tokenizer/internal/bytelevel",
				"tokenizer/internal/pattern", "tokenizer/internal/normalized", "tokenizer/internal/normalizer",
				"tokenizer/internal/pretokenizer", "tokenizer/internal/decoder", "tokenizer/internal/added",
				"tokenizer/internal/model", "tokenizer/internal/sentencepiece", "tokenizer/internal/sidefiles",
				"tokenizer/internal/tiktoken", "tokenizer/internal/tekken",
			}, Third: []string{protobuf}, Opens: []string{"io/fs.ReadFile"}},
			{Dir: "tokenizer/sugarme", May: []string{"tokenizer"}, Third: []string{sugarme}},
			// Python's rules of matching names.
			{Dir: "hub/internal/fnmatch"},
			// The folders that Python's huggingface_hub keeps its downloads in. The system
			// package locks files on Windows and clones them on Linux and macOS.
			{Dir: "hub/internal/cache", May: []string{"internal/quote", "internal/storage"}, Third: []string{sys}},
			// Free space on a disk is what golang.org/x/sys is for.
			{Dir: "hub", May: []string{"internal/quote", "internal/storage", "hub/internal/cache", "hub/internal/fnmatch"}, Third: []string{sys}, Std: []string{"net", "net/http"}},
			// The stand-in hub for tests. It knows nothing of hub, whose own tests use it.
			{Dir: "hub/hubtest", Std: []string{"net", "net/http"}},

			// What sizes the axes of a feature may have, for the two rooms below.
			{Dir: "generate/internal/axes", May: []string{"coreml"}},
			// Which texts an answer may be. It knows tokenizers and no models.
			{Dir: "generate/grammar", May: []string{"tokenizer", "internal/quote"}},
			// That a prompt is tokens.
			{Dir: "generate/internal/promptdone"},
			// Grammars that are asked for again and again.
			{Dir: "generate/internal/grammars", May: []string{"generate/grammar"}},
			// Generation does not import hub: who never downloads links no HTTP client.
			{Dir: "generate", May: []string{"coreml", "generate/grammar", "generate/internal/axes", "generate/internal/promptdone", "generate/internal/grammars", "tensor", "tokenizer", "internal/driverfile", "internal/npy", "internal/samebits", "internal/storage"}},

			// Vectors and scores of texts: encoders need nothing of what makes text.
			{Dir: "generate/embed", May: []string{"coreml", "generate/internal/axes", "tensor", "tokenizer", "internal/driverfile", "internal/safetensors", "internal/storage"}},

			// Pictures in the requests of others.
			{Dir: "generate/internal/picture", May: []string{"generate", "internal/imaging"}},
			// The servers' side of other people's clients.
			{Dir: "generate/openai", May: []string{"coreml", "generate", "generate/embed", "generate/grammar", "generate/internal/promptdone", "generate/internal/grammars", "generate/internal/picture", "tokenizer", "internal/quote", "internal/apikey"}, Std: []string{"net/http"}},

			// Adapters to other frameworks, each a module of its own, over what they share.
			{Dir: "generate/internal/bridge", May: []string{"coreml", "generate", "generate/embed", "generate/grammar", "generate/internal/grammars", "generate/internal/picture", "tokenizer"}},
			{Dir: "generate/langchaingo", May: []string{"generate", "generate/embed", "generate/grammar", "generate/internal/bridge", "tokenizer"}, Third: []string{langchaingo}},
			{Dir: "generate/genkit", May: []string{"generate", "generate/embed", "generate/grammar", "generate/internal/bridge", "tokenizer"}, Third: []string{genkit}},
			{Dir: "generate/fantasy", May: []string{"generate", "generate/grammar", "generate/internal/bridge", "tokenizer"}, Third: []string{fantasy}},
			{Dir: "generate/langchaingo/example", May: []string{"examples", "generate", "generate/langchaingo"}, Third: []string{langchaingo}, Prints: true},
			{Dir: "generate/genkit/example", May: []string{"examples", "generate", "generate/genkit"}, Third: []string{genkit}, Prints: true},
			{Dir: "generate/fantasy/example", May: []string{"examples", "generate", "generate/fantasy"}, Third: []string{fantasy}, Prints: true},

			// What only a Mac can answer, with a rehearsal over the stand-in.
			{Dir: "internal/engine/apple/macos", May: []string{
				"internal/engine", "internal/engine/apple", "internal/engine/apple/rig", "internal/engine/portable", "internal/objc",
				"internal/enginetest", "coreml", "generate", "tensor", "examples",
			}},
			// Tests only: CoreML.framework's stand-in, which runs the apple engine on
			// Linux. purego finds the stand-in's own C functions.
			{Dir: "internal/engine/apple/rig", May: []string{
				"internal/engine", "internal/engine/apple", "internal/engine/portable", "internal/objc", "internal/mil",
				"internal/modelpkg", "tensor", "coreml", "generate",
			}, Third: []string{purego}, Opens: []string{"*"}},

			// What uses the packages.
			{Dir: "examples", May: []string{"coreml", "tensor", "tokenizer", "generate", "generate/openai", "hub"}, Std: []string{"net", "net/http"}, Prints: true},
			{Dir: "cmd", May: []string{"*"}, Third: []string{"*"}, Std: []string{"net", "net/http"}, Prints: true, Opens: []string{"*"}},

			// Answers that another validator of JSON schema checks: a module of its own.
			{Dir: "conformance/structured", May: []string{"examples", "generate", "generate/grammar"}, Third: []string{regexp2, "github.com/santhosh-tekuri/jsonschema"}},
			// The server with the clients that people have: a module of its own.
			{Dir: "conformance/openai", May: []string{"conformance/openai/target", "examples", "generate", "generate/embed", "generate/openai", "tokenizer"}, Third: []string{"github.com/openai/openai-go"}, Std: []string{"net", "net/http"}, Prints: true, Opens: []string{"*"}},
			// What other people's inputs must be answered with.
			{Dir: "conformance", May: []string{"*"}, Third: []string{sys}, Std: []string{"net", "net/http"}, Prints: true},

			// Measurements against other programs.
			{Dir: "bench", May: []string{
				"internal/mil", "internal/modelpkg", "internal/modelgen", "internal/modelgen/random", "internal/safetensors", "internal/dtype", "tensor",
				"internal/engine", "internal/engine/portable",
			}, Third: []string{plotter}, Prints: true, Opens: []string{"*"}},

			// The first process of the machine on which tests of AVX-512 are emulated.
			{Dir: "tools", Prints: true, Opens: []string{"*"}},

			// The tests' own rooms.
			{Dir: "internal/testutil", May: []string{"tensor", "internal/dtype", "internal/storage"}, Third: []string{goCmp}},
			{Dir: "internal/archtest", Opens: []string{"*"}},
			{Dir: "internal/testreport", Prints: true},
			{Dir: "internal/fileorder", Prints: true, Opens: []string{"*"}},
		},
		RestrictedStd: []string{"log", "net", "net/http", "C", "plugin"},
		TestThird:     []string{goCmp, regexp2},
		TestRooms: []string{
			"internal/testutil", "internal/enginetest", "internal/modelgen/random", "internal/engine/apple/rig", "internal/engine", "internal/engine/portable", "internal/dtype", "internal/storage",
			"internal/modelpkg", "internal/milpb", "internal/mil", "internal/safetensors", "tensor", "examples", "hub/hubtest",
		},
		Dependencies: []string{protobuf, sys, exp, goCmp, regexp2, purego, sugarme},
		Identifiers:  []string{"fmt.Print*", "os.Exit", "log.*"},
		Opening:      []string{"os.Open", "os.OpenFile", "os.ReadFile", "io/fs.ReadFile"},
		Everywhere:   []string{"runtime.SetFinalizer"},
		Markers:      []string{"TO" + "DO", "FIX" + "ME", "XX" + "X"},
		MaxLines:     700,
	}
}

package convert

// architectures are the model types that are known. A new one is a file of its own with a
// variable of type architecture, and a line here.
var architectures = map[string]*architecture{
	"llama": &llama,
}

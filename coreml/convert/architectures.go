package convert

// architectures are the model types that are known. A new one is a file of its own with a
// variable of type architecture, and a line here.
var architectures = map[string]*architecture{
	"bert":        &bert,
	"xlm-roberta": &xlmRoberta,
	"modernbert":  &modernBert,
	"mixtral":     &mixtral,
	"qwen2_moe":   &qwen2Moe,
	"qwen3_moe":   &qwen3Moe,
	"gpt2":        &gpt2,
	"gpt_neox":    &gptNeoX,
	"stablelm":    &stablelm,
	"starcoder2":  &starcoder2,
	"gemma2":      &gemma2,
	"gemma3_text": &gemma3,
	"granite":     &granite,
	"llama":       &llama,
	"mistral":     &mistral,
	"olmo2":       &olmo2,
	"openelm":     &openELM,
	"openlm":      &openLM,
	"phi3":        &phi3,
	"qwen2":       &qwen2,
	"qwen3":       &qwen3,
	"smollm3":     &smollm3,
}

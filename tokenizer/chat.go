package tokenizer

type templateCache struct{}

// Package tokenizer turns text into the ids of a language model's vocabulary
// and back, and conversations into the text that a model was trained on. It
// reads the files that lie beside a model on the Hugging Face hub and gives
// the ids that their own library gives.
//
// # A first program
//
//	t, err := tokenizer.Load("smollm2") // a directory with tokenizer.json
//	if err != nil {
//		return err
//	}
//	text, err := t.ApplyChatTemplate(ctx, []tokenizer.Message{
//		{Role: "user", Content: "What is the capital of France?"},
//	}, &tokenizer.ChatOptions{AddGenerationPrompt: true})
//	if err != nil {
//		return err
//	}
//	ids, err := t.Encode(text, false)
//	if err != nil {
//		return err
//	}
//	d := t.NewDecoder(true)
//	for _, id := range generate(ids) {
//		fmt.Print(d.Next(id)) // whole characters only
//	}
//	fmt.Print(d.Flush())
//
// # What it reads
//
// Models are byte pair encoding over bytes, as in GPT-2, Llama 3, Qwen and
// SmolLM, or in the SentencePiece style with bytes as a fallback, as in Llama
// 2, Mistral and Gemma; Unigram, as in T5; WordPiece, as in BERT; and whole
// words. SentencePiece models (tokenizer.model) are read too, and give the ids
// of SentencePiece. All normalizers, pre-tokenizers, decoders and
// post-processors of the reference's version 0.22 are there. A component or an
// option that is not known is an [*UnsupportedError] that names it: nothing is
// skipped silently, because the ids would be wrong.
//
// The patterns that the known models cut text with are recognised by their
// exact text and run as hand-written scanners on Unicode tables of this
// package. Any other pattern runs in a backtracking engine with a limit of
// time for each search, on the same tables; a pattern that runs into the limit
// is an error of Encode. No result depends on the version of Unicode that the
// Go toolchain knows.
//
// [Tokenizer.EncodeWithOffsets] and [Tokenizer.EncodeBatch] also say where in
// the text each token comes from, and truncate and pad. [ToolParser] finds the
// calls of functions in what a model answers.
//
// # Text that is not UTF-8
//
// Encode reads each byte that is not part of a character as U+FFFD; offsets
// are those in the text as it was given. Decode
// always returns valid UTF-8: bytes that do not form a character come out as
// U+FFFD.
//
// # Concurrency and memory
//
// A [Tokenizer] is safe for concurrent use; a [Decoder] belongs to one stream.
// A loaded tokenizer takes some 4 MB for a vocabulary of 49 thousand tokens
// and 12 MB for one of 128 thousand. Each goroutine that encodes at the same
// moment works in about 100 kB of its own, which are pooled.
//
// # Errors and limits
//
// A malformed file is a [*FormatError], a failing chat template a
// [*TemplateError]. Neither a file, a text nor a template makes this package
// panic. Token ids are below 4 million, added tokens below 4 kB, texts below
// 64 MB, and a chat template is bounded in steps, in the text that it touches and in
// memory, and ends with its context.
package tokenizer

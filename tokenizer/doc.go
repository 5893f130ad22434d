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
// A folder is loaded as AutoTokenizer of transformers 5.24 loads it, whose classes make
// most components anew; [Loader] keeps those of tokenizer.json.
//
// [Tokenizer.EncodeChat] does the first two steps in one, and can keep control
// tokens that users write from being control tokens. Conversations are handed to
// templates as version 5.24 of Hugging Face transformers does, or as 4.57 with
// ChatOptions.Transformers.
//
// # What it reads
//
// Models are byte pair encoding over bytes, as in GPT-2, Llama 3, Qwen and
// SmolLM, or in the SentencePiece style with bytes as a fallback, as in Llama
// 2, Mistral and Gemma; Unigram, as in T5; WordPiece, as in BERT; and whole
// words. SentencePiece models (tokenizer.model) are read too, and give the ids
// of SentencePiece; so are the vocabularies of tiktoken, Mistral's tekken.json, and
// the older vocab.json with merges.txt and vocab.txt, of which [Load] tells. All normalizers, pre-tokenizers, decoders and
// post-processors of the reference's version 0.22 are there. A component or an
// option that is not known is an [*UnsupportedError] that names it: nothing is
// skipped silently, because the ids would be wrong.
//
// The patterns that the known models cut text with are recognised by their
// exact text and run as hand-written scanners on Unicode tables of this
// package. Any other pattern runs in a backtracking engine with a limit of
// time for each search, on the same tables; a pattern that runs into the limit
// is [ErrTooLarge]. No result depends on the version of Unicode that the
// Go toolchain knows.
//
// [Tokenizer.EncodeWithOffsets] and [Tokenizer.EncodeBatch] also say where in
// the text each token comes from, and truncate and pad. [Tokenizer.Count] counts
// the tokens of a text, and [Tokenizer.Truncate] cuts it to a number of them.
// [ToolParser] finds the calls of functions in what a model answers.
//
// What can take long has a variant with a context, such as
// [Tokenizer.EncodeContext]. It returns some milliseconds after the context has
// ended, whatever the text and the tokenizer; a search by a pattern of the
// backtracking engine goes on beside it until its limit, for a second at most. A
// nil context counts as the background.
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
// panic. Messages quote a file in part and in printable characters.
//
// The file of a tokenizer has 128 MiB at most, those beside it 16 MiB. Token ids
// are below 4 million, tokens of a vocabulary up to 16 KiB, added tokens up to
// 4 KiB, and a prefix or suffix of parts of words up to 256 bytes. There are up to
// a thousand components in a section, nested up to eight deep, 64 stages of a
// pre-tokenizer and 16 post-processors, which add up to 4096 tokens each. The
// patterns that are not known have 16 KiB together. A vocabulary of ranks has up to 4
// million ways to cut its tokens in two, and the squares of their lengths add up to 2^30
// at most.
//
// Beyond these bounds a text is [ErrTooLarge]; n is its size in bytes:
//
//   - the text itself, and what is decoded: 64 MiB; for a model that cuts it in
//     one piece, or for a pattern that is not known: 16 MiB
//   - what it becomes while it is normalized and cut: 1 MiB + 8n, up to 64 MiB
//   - the tokens of an [Encoding]: 1 Mi + 3n, up to 8 Mi
//   - the parts that truncation cuts off: 2 Mi tokens or four times those of the
//     text; padding: 2 Mi tokens and a thousand for each text and each token
//   - steps: 32 Mi + 48n, where a byte looked at once by one component is about
//     one; a vocabulary of runs of a letter up to thousands long needs more
//   - time in patterns that are not known: 1 s + 2 µs·n
//
// A [Decoder] has the last two for a stream as a whole: what is left of them grows
// with its tokens, once for each by its bytes, 16,384 steps and a millisecond in
// patterns, and never beyond those of an empty text. It holds back up to 512 tokens
// and 64 KiB that form no whole character.
//
// No tokenizer in use comes near them. A short text takes some ten megabytes at
// most, one of a megabyte some hundred, whatever the file says.
//
// A chat template is bounded in steps, in the text that it touches and in memory,
// and ends with its context.
package tokenizer

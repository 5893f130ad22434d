package chat

// glm is the format of GLM 4.5 and later, Ling 3, Laguna and Spark: a tag around a name
// and a pair of tags for each argument.
var glm = &format{
	name:  "glm",
	marks: []string{"<tool_call>", "</tool_call>", "<arg_key>", "</arg_key>", "<arg_value>", "</arg_value>", "<think>", "</think>"},
	suits: contains("<arg_key>"),
	opens: words{"<tool_call>", openFunction},
	ends:  ">",
	read:  readGLM,
}

// readGLM reads a call. Models that were taught the forms of Hermes too write those at
// times.
func readGLM(in input) result {
	if in.mark == openFunction {
		return readHermes(in)
	}
	return unlessAny(words{"{", "[", openFunction}, glmKeys.read, readHermes)(in)
}

// unlessAny returns the reader of texts that begin, behind white space, with none of
// some beginnings, and the one of those that do; both read from the beginning.
func unlessAny(beginnings words, no, yes reader) reader {
	return func(in input) result {
		n := space(in.text)
		if n == len(in.text) {
			return in.more()
		}
		switch word, maybe := beginnings.here(in.text[n:], in.final); {
		case maybe:
			return result{}
		case word != "":
			return yes(in)
		}
		return no(in)
	}
}

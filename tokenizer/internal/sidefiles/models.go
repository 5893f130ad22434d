package sidefiles

import (
	"slices"
	"strings"
)

// kinds are the kinds of models, as model_type in config.json names them, by the class
// that the reference has for their tokenizers; those of "" take tokenizer.json as it is.
// This is the table of tokenization_auto.py in transformers 5.24, for the classes that
// this package knows.
var kinds = map[string]string{
	"": "EvollaModel arctic aria beam bigbird_pegasus camembertv2-base canary chatlm cohere_asr ernie4_5 " +
		"ernie4_5_moe flex_olmo fuyu glm glm4 glm4_moe glm4_moe_lite glm4v glm4v_moe glm_image glmasr " +
		"got_ocr2 gpt_bigcode gradium_phonon_tts granite granitemoe granitemoehybrid granitemoeshared " +
		"h2ovl_chat hyperclovax hyperclovax_vlm internlm2 internlm3 iquestcoder jamba kimi_k25 kimi_linear " +
		"kosmos-2 llava llava_next mimo_v2_flash minicpm3 minicpm_ocr minicpmv minicpmv4_6 minicpmv4_7 " +
		"minimax_m2 ministral ministral3 mistral mistral3 mistral_large4 mixtral modernbert modernbert- " +
		"decoder molmo molmo2 nemo_speechlm nemotron nvfp4 nystromformer olmo2 olmo3 olmo_hybrid omniasr " +
		"opencua openvla paddleocr_vl pegasus_x persimmon phi3 phi3_v phimoe pix2struct pixtral pocket_tts " +
		"smolvlm stablelm step3_vl umt5 vipllava voxtral voxtral_realtime xlm-roberta-xl",
	"Bart": "florence2",
	"Bert": "align bark bert blip bros chinese_clip convbert distilbert electra ernie flava git grounding-dino " +
		"layoutlm megatron-bert mm-grounding-dino nezha nomic_bert qdqbert realm retribert squeezebert tvp " +
		"vilt visual_bert",
	"CLIP":               "aimv2 clip clipseg groupvit omdet-turbo oneformer owlv2 owlvit sam3 sam3_video xclip",
	"Cohere":             "aya_vision cohere cohere2",
	"DPRQuestionEncoder": "dpr",
	"GPT2": "blip-2 codegen dbrx emu3 gpt2 gpt_neo gptj hyperclovax_vision_v2 instructblip instructblipvideo " +
		"jais2 opt phi starcoder2",
	"GPTNeoX": "falcon_mamba gpt_neox mamba mamba2 mpt olmo olmoe rwkv xlstm",
	"Gemma": "diffusion_gemma gemma gemma2 gemma3 gemma3_text gemma3n gemma3n_text recurrent_gemma shieldgemma2 " +
		"t5gemma zaya",
	"LED":        "led",
	"Llama":      "idefics idefics2",
	"Lxmert":     "lxmert",
	"MobileBert": "mobilebert",
	"Mvp":        "mvp",
	"Qwen2": "audioflamingo3 colqwen2 cosmos3_omni dots3_note fun_asr_nano hunyuan_vl internvl lighton_ocr " +
		"moss_transcribe_diarize ovis2 qianfan_ocr qwen2 qwen2_5_omni qwen2_5_vl qwen2_audio qwen2_moe " +
		"qwen2_vl qwen3 qwen3_asr qwen3_moe qwen3_next qwen3_omni_moe qwen3_vl qwen3_vl_moe vibevoice",
	"Roberta":    "bart bridgetower clap data2vec-text ibert lilt longformer mega mra roberta roberta-prelayernorm",
	"T5":         "mt5 musicgen musicgen_melody switch_transformers t5",
	"Whisper":    "whisper",
	"XLMRoberta": "gte jina_embeddings_v3 metaclip_2 trocr xlm-roberta xmod",
}

// misnamed are the kinds of models whose files are known to name a wrong class, by the
// same source.
const misnamed = "arctic camembertv2-base chatlm cohere_asr ernie4_5 ernie4_5_moe fuyu h2ovl_chat hyperclovax " +
	"hyperclovax_vision_v2 hyperclovax_vlm internlm2 internlm3 iquestcoder jamba llava llava_next " +
	"minicpm3 minicpmv minimax_m2 modernbert modernbert-decoder molmo molmo2 nemotron nvfp4 opencua " +
	"openvla paddleocr_vl phi3 phi3_v phimoe qwen2 qwen3_5 qwen3_5_moe qwen3_5_moe_text qwen4_exp siglip2 " +
	"smolvlm step3_vl vipllava"

// kindClass returns the class that the reference has for a kind of models.
func kindClass(kind string) (class string, ok bool) {
	for class, list := range kinds {
		if slices.Contains(strings.Fields(list), kind) {
			return class, true
		}
	}
	return "", false
}

// classOf returns the class of a tokenizer: the one that its files name, unless the
// reference has another one for its kind of models and does not trust the files.
//
// LlamaTokenizer stands in the files of many tokenizers that have byte-level tokens,
// which the class does not know.
func classOf(name, kind string, byteLevel bool) *class {
	wrong := slices.Contains(strings.Fields(misnamed), kind)
	own, known := kindClass(kind)
	base := strings.TrimSuffix(name, "Fast")
	switch {
	case byteLevel && base == "LlamaTokenizer" && !wrong:
		return &class{}
	case base == "" || wrong && known:
		base = own + "Tokenizer"
	case known && own == "" && base != "TokenizersBackend":
		return &class{}
	}
	base, ok := strings.CutSuffix(base, "Tokenizer")
	if c := classes[base]; ok && c != nil {
		return c
	}
	return &class{}
}

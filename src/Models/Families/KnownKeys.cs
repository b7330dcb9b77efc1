using System.Text.Json;

namespace Pipelines.Models.Families;

/// <summary>
/// What is known of the keys of config.json that no reader asks for: some do not change the pass, whatever they say; of
/// others only the class default is computed. A key that is in neither list is refused, because it may be a switch.
/// </summary>
public sealed class KnownKeys
{
    /// <summary>Names and bookkeeping: whose file it is and who wrote it.</summary>
    private static readonly string[] Bookkeeping =
    [
        "_commit_hash",
        "_from_model_config",
        "_name_or_path",
        "architectures",
        "auto_map",
        "finetuning_task",
        "id2label",
        "keys_to_ignore_at_inference",
        "label2id",
        "model_name",
        "name_or_path",
        "num_labels",
        "prefix",
        "problem_type",
        "processor_class",
        "task_specific_params",
        "tokenizer_class",
        "transformers_version",
        "unsloth_fixed",
        "unsloth_version",
    ];

    /// <summary>
    /// How a class computes, not what: kernels, caches, chunks (Llama's pretraining_tp cuts one product into several),
    /// returned extras.
    /// </summary>
    private static readonly string[] Execution =
    [
        "_attn_implementation",
        "_attn_implementation_autoset",
        "_attn_implementation_internal",
        "_experts_implementation",
        "attn_implementation",
        "chunk_size_feed_forward",
        "debug",
        "ep_size",
        "gradient_checkpointing",
        "micro_forward",
        "output_attentions",
        "output_hidden_states",
        "output_scores",
        "pretraining_tp",
        "return_dict",
        "return_dict_in_generate",
        "skip_checkpoint",
        "tf_legacy_loss",
        "torchscript",
        "use_bfloat16",
        "use_cache",
        "use_deepep",
        "use_fa3",
        "use_flash_attn",
    ];

    /// <summary>
    /// Training only: dropout is off when a model is read, initial values are overwritten by the weights.
    /// </summary>
    private static readonly string[] Training =
    [
        "attention_dropout",
        "drop_path_rate",
        "dropout",
        "embd_pdrop",
        "hidden_dropout",
        "ignore_index",
        "initializer_factor",
        "initializer_range",
        "resid_pdrop",
    ];

    /// <summary>How answers are drawn: ours are greedy, and what is measured is a logit.</summary>
    private static readonly string[] Generation =
    [
        "bad_words_ids",
        "begin_suppress_tokens",
        "diversity_penalty",
        "do_sample",
        "early_stopping",
        "encoder_no_repeat_ngram_size",
        "exponential_decay_length_penalty",
        "forced_bos_token_id",
        "forced_eos_token_id",
        "length_penalty",
        "max_length",
        "max_new_tokens",
        "min_length",
        "min_new_tokens",
        "no_repeat_ngram_size",
        "num_beam_groups",
        "num_beams",
        "num_return_sequences",
        "penalty_alpha",
        "remove_invalid_values",
        "renormalize_logits",
        "repetition_penalty",
        "suppress_tokens",
        "temperature",
        "top_k",
        "top_p",
        "typical_p",
    ];

    /// <summary>Token ids: the prompt's come from the tokenizer; where an answer ends is read apart.</summary>
    private static readonly string[] Ids =
    [
        "bos_token_id",
        "decoder_start_token_id",
        "eos_token_id",
        "image_token_id",
        "image_token_index",
        "mask_token_id",
        "pad_token_id",
        "sep_token_id",
        "unk_token_id",
        "video_token_id",
        "video_token_index",
        "vision_end_token_id",
        "vision_start_token_id",
        "vision_token_id",
    ];

    /// <summary>The weights' type: the tensors' own decides.</summary>
    private static readonly string[] Types = ["dtype", "torch_dtype"];

    private static readonly (string Key, string Json)[] Everywhere =
    [
        ("add_cross_attention", "false"),
        ("is_decoder", "false"),
        ("is_encoder_decoder", "false"),
        ("pruned_heads", "{}"),
        ("tie_encoder_decoder", "false"),
    ];

    private readonly HashSet<string> without;
    private readonly Dictionary<string, JsonElement> only;

    /// <summary>Keys of a section, besides those that change nothing in any section.</summary>
    /// <param name="withoutEffect">Keys that leave the pass as it is, whatever they say.</param>
    /// <param name="only">Keys of which one value is computed, as JSON.</param>
    internal KnownKeys(string[] withoutEffect, (string Key, string Json)[] only)
    {
        without = new HashSet<string>(
            [.. Bookkeeping, .. Execution, .. Training, .. Generation, .. Ids, .. Types, .. withoutEffect],
            StringComparer.Ordinal
        );
        this.only = Everywhere.Concat(only).ToDictionary(o => o.Key, o => Parse(o.Json), StringComparer.Ordinal);
    }

    /// <summary>A decoder. max_window_layers only says which layers a window would bind.</summary>
    public static KnownKeys Text { get; } =
        new(
            ["max_window_layers"],
            [
                ("attention_bias", "false"),
                ("mlp_bias", "false"),
                ("partial_rotary_factor", "1"),
                ("use_sliding_window", "false"),
            ]
        );

    /// <summary>
    /// rope_parameters and rope_scaling. original_max_position_embeddings is read for dynamic and llama3; other kinds
    /// that it bounds are refused.
    /// </summary>
    public static KnownKeys Rotary { get; } =
        new(["original_max_position_embeddings"], [("partial_rotary_factor", "1")]);

    /// <summary>Whether the key leaves the pass as it is, whatever it says.</summary>
    public bool DoesNotMatter(string key) => without.Contains(key);

    /// <summary>The one value of the key that is computed, or null where the key is not known.</summary>
    public JsonElement? OnlyValue(string key) => only.TryGetValue(key, out JsonElement value) ? value : null;

    private static JsonElement Parse(string json)
    {
        using JsonDocument document = JsonDocument.Parse(json);
        return document.RootElement.Clone();
    }
}

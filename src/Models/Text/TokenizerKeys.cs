using System.Text.Json;

namespace Pipelines.Models.Text;

/// <summary>
/// What is known of the keys of tokenizer_config.json as transformers 4.45 to 5 writes them: some are obeyed, some
/// leave ids and texts as they are, of others only the class default is computed. A key that is in no list may be a
/// switch.
/// </summary>
internal static class TokenizerKeys
{
    /// <summary>Read by <see cref="TokenizerSettings"/> or <see cref="TokenizerFiles"/>.</summary>
    private static readonly string[] Obeyed =
    [
        "add_bos_token",
        "add_eos_token",
        "add_prefix_space",
        "added_tokens_decoder",
        "additional_special_tokens",
        "chat_template",
        "clean_up_tokenization_spaces",
        "do_lower_case",
        "extra_special_tokens",
        "from_slow",
        "legacy",
        "model_specific_special_tokens",
        "sp_model_kwargs",
        "split_special_tokens",
        "tokenizer_class",
    ];

    /// <summary>Whose files they are, where they lie, and who wrote them.</summary>
    private static readonly string[] Bookkeeping =
    [
        "_commit_hash",
        "_from_auto",
        "_processor_class",
        "auto_map",
        "backend",
        "cache_dir",
        "is_local",
        "local_files_only",
        "merges_file",
        "model_type",
        "name_or_path",
        "processor_class",
        "revision",
        "special_tokens_map_file",
        "subfolder",
        "tokenizer_file",
        "transformers_version",
        "trust_remote_code",
        "unsloth_version",
        "use_auth_token",
        "use_fast",
        "vocab_file",
    ];

    /// <summary>How calls fill, cut and wrap what they return: one prompt is neither filled nor cut here.</summary>
    private static readonly string[] Batching =
    [
        "max_length",
        "model_input_names",
        "model_max_length",
        "pad_to_multiple_of",
        "pad_token_type_id",
        "padding",
        "padding_side",
        "return_attention_mask",
        "return_tensors",
        "return_token_type_ids",
        "stride",
        "truncation",
        "truncation_side",
        "truncation_strategy",
    ];

    /// <summary>
    /// Of texts that are made of ids: blanks at an answer's ends, which are cut off, and blanks between special tokens,
    /// which are left out; how a chat's answer is taken apart. use_default_system_prompt belonged to templates that
    /// classes had up to 4.43.
    /// </summary>
    private static readonly string[] Decoding =
    [
        "decode_with_prefix_space",
        "response_schema",
        "spaces_between_special_tokens",
        "use_default_system_prompt",
    ];

    /// <summary>
    /// Settings of the processor or the model that AutoProcessor and trainers hand on to every part, where no tokenizer
    /// reads them.
    /// </summary>
    private static readonly string[] HandedOn =
    [
        "attn_implementation",
        "device_map",
        "dtype",
        "image_seq_length",
        "max_pixels",
        "min_pixels",
        "num_additional_image_tokens",
        "patch_size",
        "size",
        "torch_dtype",
        "vision_feature_select_strategy",
    ];

    /// <summary>Ids by name: they come from the vocabulary.</summary>
    private const string IdEnding = "_token_id";

    /// <summary>
    /// Tokens by name. What stands for a picture is held against the family's; others are special where a list of
    /// special tokens has them.
    /// </summary>
    private const string TokenEnding = "_token";

    private static readonly HashSet<string> Known = new(
        [.. Obeyed, .. Bookkeeping, .. Batching, .. Decoding, .. HandedOn],
        StringComparer.Ordinal
    );

    /// <summary>Keys of which only one value, the class default, is computed.</summary>
    private static readonly Dictionary<string, string> OnlyValues = new(StringComparer.Ordinal)
    {
        ["errors"] = "\"replace\"",
        ["fix_mistral_regex"] = "false",
    };

    /// <summary>Why a key of tokenizer_config.json cannot be passed over, or null where it can.</summary>
    /// <param name="key">Its name.</param>
    /// <param name="value">Its value, not null.</param>
    public static string? Objection(string key, JsonElement value) =>
        Known.Contains(key) || IsToken(key, value) || IsId(key, value) ? null
        : !OnlyValues.TryGetValue(key, out string? only) ? "which is not understood and may change the ids of a text"
        : value.GetRawText() == only ? null
        : $"of which only {only} is computed here";

    /// <summary>As <see cref="Objection"/>, of special_tokens_map.json, which holds names of tokens alone.</summary>
    public static string? ObjectionOfMap(string key, JsonElement value) =>
        key is "additional_special_tokens" or "extra_special_tokens" || IsToken(key, value)
            ? null
            : "which names no token";

    private static bool IsToken(string key, JsonElement value) =>
        key.EndsWith(TokenEnding, StringComparison.Ordinal)
        && value.ValueKind is (JsonValueKind.String or JsonValueKind.Object);

    private static bool IsId(string key, JsonElement value) =>
        key.EndsWith(IdEnding, StringComparison.Ordinal) && value.ValueKind == JsonValueKind.Number;
}

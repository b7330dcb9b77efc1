using System.Text.Json;
using System.Text.Json.Serialization;

namespace Pipelines.Models.Text;

/// <summary>
/// tokenizer.json as the tokenizers library writes it: the parts that are read here, names in snake case.
/// </summary>
internal sealed record TokenizerJson
{
    /// <summary>Vocabulary and merges.</summary>
    public ModelPart? Model { get; init; }

    /// <summary>What is done to the characters of a text.</summary>
    public Part? Normalizer { get; init; }

    /// <summary>How a text is cut before merging.</summary>
    public Part? PreTokenizer { get; init; }

    /// <summary>What is put around the ids.</summary>
    public Part? PostProcessor { get; init; }

    /// <summary>How ids become text again.</summary>
    public Part? Decoder { get; init; }

    /// <summary>Tokens cut out of a text first.</summary>
    public IReadOnlyList<JsonElement>? AddedTokens { get; init; }

    /// <summary>The field model.</summary>
    internal sealed record ModelPart
    {
        public string? Type { get; init; }

        public string? UnkToken { get; init; }

        public bool? ByteFallback { get; init; }

        public bool? IgnoreMerges { get; init; }

        public bool? FuseUnk { get; init; }

        public double? Dropout { get; init; }

        public string? ContinuingSubwordPrefix { get; init; }

        public string? EndOfWordSuffix { get; init; }

        /// <summary>Object from token to id (a list in other kinds of model).</summary>
        public JsonElement Vocab { get; init; }

        /// <summary>Array of merges, each "left right" or ["left", "right"].</summary>
        public JsonElement Merges { get; init; }
    }

    /// <summary>One step of a normalizer, pre-tokenizer or post-processor; a Sequence holds further ones.</summary>
    internal sealed record Part
    {
        public string? Type { get; init; }

        public IReadOnlyList<Part?>? Normalizers { get; init; }

        public IReadOnlyList<Part?>? Pretokenizers { get; init; }

        public IReadOnlyList<Part?>? Processors { get; init; }

        public PatternPart? Pattern { get; init; }

        public string? Prepend { get; init; }

        public string? Content { get; init; }

        public string? Behavior { get; init; }

        public string? Replacement { get; init; }

        public string? PrependScheme { get; init; }

        public bool? AddPrefixSpace { get; init; }

        public bool? Invert { get; init; }

        public bool? Split { get; init; }

        public bool? UseRegex { get; init; }

        public bool? IndividualDigits { get; init; }

        public IReadOnlyList<Part?>? Decoders { get; init; }

        public IReadOnlyList<TemplateItem?>? Single { get; init; }

        /// <summary>The special tokens of a template, by name.</summary>
        public IReadOnlyDictionary<string, SpecialIds?>? SpecialTokens { get; init; }

        /// <summary>The steps of a Sequence, in depth; a single step gives itself.</summary>
        public IEnumerable<Part> Steps() =>
            Type == "Sequence"
                ? (Normalizers ?? Pretokenizers ?? Processors ?? Decoders ?? []).SelectMany(p => p?.Steps() ?? [])
                : [this];
    }

    /// <summary>A pattern: regular expression or literal text.</summary>
    internal sealed record PatternPart
    {
        [JsonPropertyName("Regex")]
        public string? Regex { get; init; }

        [JsonPropertyName("String")]
        public string? String { get; init; }
    }

    /// <summary>An item of a template: a special token, or the text's ids (which leave this null).</summary>
    internal sealed record TemplateItem
    {
        [JsonPropertyName("SpecialToken")]
        public SpecialPart? SpecialToken { get; init; }
    }

    /// <summary>A special token by its text.</summary>
    internal sealed record SpecialPart
    {
        public string? Id { get; init; }
    }

    /// <summary>The ids that a special token of a template stands for.</summary>
    internal sealed record SpecialIds
    {
        public IReadOnlyList<int>? Ids { get; init; }
    }
}

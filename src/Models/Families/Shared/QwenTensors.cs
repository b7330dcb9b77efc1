namespace Pipelines.Models.Families.Shared;

/// <summary>Names of Qwen2-VL's and Qwen2.5-VL's tensors: a tower below <c>visual</c>, Qwen2.</summary>
internal static class QwenTensors
{
    /// <summary>What the tower lies below.</summary>
    public const string Tower = "visual";

    private const string Root = "model.",
        Head = "lm_head.weight";

    /// <summary>The hub's name of a stored name.</summary>
    public static string HubName(string stored)
    {
        string name = TensorNames.WithoutModel(stored);
        return name.StartsWith("visual.", StringComparison.Ordinal)
            ? name
            : TensorNames.Decoder(name, Root, Head) ?? stored;
    }

    /// <summary>What a checkpoint holds.</summary>
    /// <param name="decoder">The decoder's numbers.</param>
    /// <param name="tower">The tower's tensors.</param>
    public static ExpectedTensors Expected(DecoderShape decoder, IEnumerable<ExpectedTensor> tower) =>
        new(
            new($"{Root}embed_tokens.weight", decoder.VocabularyRows, decoder.Hidden),
            new(Head, decoder.VocabularyRows, decoder.Hidden),
            [.. LlamaWeights.Expected(decoder, Root), .. tower],
            []
        );
}

namespace Pipelines.Models.Families.InternVl;

/// <summary>InternVL2.5's tensors: InternViT, mlp1, Qwen2 or InternLM2.</summary>
internal static class InternVlTensors
{
    private const string Root = "language_model.model.",
        Qwen2Head = "language_model.lm_head.weight",
        InternLm2Head = "language_model.output.weight",
        Tower = "vision_model";

    /// <summary>The hub's name of a stored name.</summary>
    public static string HubName(string stored)
    {
        string name = TensorNames.WithoutModel(stored);
        if (name is InternLm2Head or "output.weight")
        {
            return InternLm2Head;
        }

        return
            name.StartsWith("vision_model.", StringComparison.Ordinal)
            || name.StartsWith("mlp1.", StringComparison.Ordinal)
            ? name
            : TensorNames.Decoder(name, Root, Qwen2Head) ?? stored;
    }

    /// <summary>What a checkpoint holds.</summary>
    /// <param name="decoder">The decoder's numbers.</param>
    /// <param name="config">config.json.</param>
    public static ExpectedTensors Expected(DecoderShape decoder, ModelConfig config)
    {
        bool internLm2 = InternVlConfig.IsInternLm2(config);
        InternVisionShape vision = InternVlConfig.Vision(config);
        int blocks = InternVlConfig.VisionBlocks(config, vision);
        long hidden = decoder.Hidden,
            rows = decoder.VocabularyRows,
            joined = 4L * vision.Hidden;
        return new ExpectedTensors(
            new(Root + (internLm2 ? "tok_embeddings.weight" : "embed_tokens.weight"), rows, hidden),
            new(internLm2 ? InternLm2Head : Qwen2Head, rows, hidden),
            [
                .. internLm2 ? InternLm2Weights.Expected(decoder, Root) : LlamaWeights.Expected(decoder, Root),
                .. ExpectedTensor.Norm("mlp1.0", joined),
                .. ExpectedTensor.Linear("mlp1.1", hidden, joined, bias: true),
                .. ExpectedTensor.Linear("mlp1.3", hidden, hidden, bias: true),
                .. InternVision.Expected(Tower, vision, blocks),
            ],
            InternVision.Unused(Tower, vision, blocks)
        );
    }
}

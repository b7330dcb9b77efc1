using Pipelines.Models.Families.Shared;

namespace Pipelines.Models.Families.InternVl;

/// <summary>The tensors of the authors' layout: InternViT, mlp1, Qwen2, Qwen3 or InternLM2.</summary>
internal static class InternVlTensors
{
    private const string Root = "language_model.model.",
        Qwen2Head = "language_model.lm_head.weight",
        InternLm2Head = "language_model.output.weight",
        Embeddings = "vision_model.embeddings.";

    /// <summary>Names of tower and projector.</summary>
    public static InternVisionNames Names { get; } =
        new(
            ClassToken: Embeddings + "class_embedding",
            Positions: Embeddings + "position_embedding",
            Patches: Embeddings + "patch_embedding",
            Blocks: "vision_model.encoder.layers",
            Qkv: ["attn.qkv"],
            Output: "attn.proj",
            Norm1: "norm1",
            Norm2: "norm2",
            Scale1: "ls1",
            Scale2: "ls2",
            ProjectorNorm: "mlp1.0",
            Projector1: "mlp1.1",
            Projector2: "mlp1.3"
        );

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
            rows = decoder.VocabularyRows;
        return new ExpectedTensors(
            new(Root + (internLm2 ? "tok_embeddings.weight" : "embed_tokens.weight"), rows, hidden),
            new(internLm2 ? InternLm2Head : Qwen2Head, rows, hidden),
            [
                .. internLm2 ? InternLm2Weights.Expected(decoder, Root) : LlamaWeights.Expected(decoder, Root),
                .. InternVlTower.Expected(Names, vision, blocks, hidden),
            ],
            InternVision.Unused(Names, vision, blocks)
        );
    }
}

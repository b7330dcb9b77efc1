using Pipelines.Models.Families.Shared;

namespace Pipelines.Models.Families.InternVlHf;

/// <summary>The tensors of transformers' layout: InternViT, projector, Qwen2, Qwen3 or Llama.</summary>
internal static class InternVlHfTensors
{
    private const string Root = "language_model.model.",
        Head = "language_model.lm_head.weight",
        Embeddings = "vision_tower.embeddings.",
        Projector = "multi_modal_projector.";

    /// <summary>Names of tower and projector.</summary>
    public static InternVisionNames Names { get; } =
        new(
            ClassToken: Embeddings + "cls_token",
            Positions: Embeddings + "position_embeddings",
            Patches: Embeddings + "patch_embeddings.projection",
            Blocks: "vision_tower.encoder.layer",
            Qkv: ["attention.q_proj", "attention.k_proj", "attention.v_proj"],
            Output: "attention.projection_layer",
            Norm1: "layernorm_before",
            Norm2: "layernorm_after",
            Scale1: "lambda_1",
            Scale2: "lambda_2",
            ProjectorNorm: Projector + "layer_norm",
            Projector1: Projector + "linear_1",
            Projector2: Projector + "linear_2"
        );

    /// <summary>The hub's name of a stored name.</summary>
    public static string HubName(string stored)
    {
        string name = TensorNames.WithoutModel(stored);
        return
            name.StartsWith("vision_tower.", StringComparison.Ordinal)
            || name.StartsWith(Projector, StringComparison.Ordinal)
            ? name
            : TensorNames.Decoder(name, Root, Head) ?? stored;
    }

    /// <summary>What a checkpoint holds.</summary>
    /// <param name="decoder">The decoder's numbers.</param>
    /// <param name="config">config.json.</param>
    public static ExpectedTensors Expected(DecoderShape decoder, ModelConfig config)
    {
        InternVisionShape vision = InternVlHfConfig.Vision(config);
        int blocks = InternVlHfConfig.VisionBlocks(config, vision);
        return new ExpectedTensors(
            new($"{Root}embed_tokens.weight", decoder.VocabularyRows, decoder.Hidden),
            new(Head, decoder.VocabularyRows, decoder.Hidden),
            [.. LlamaWeights.Expected(decoder, Root), .. InternVlTower.Expected(Names, vision, blocks, decoder.Hidden)],
            InternVision.Unused(Names, vision, blocks)
        );
    }
}

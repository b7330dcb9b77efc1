using Pipelines.Models.Families.Shared;

namespace Pipelines.Models.Families.Gemma3;

/// <summary>The tensors of Gemma 3, laid out as LLaVA's are: SigLIP, projector, decoder.</summary>
internal static class Gemma3Tensors
{
    /// <summary>What the projector's tensors lie below.</summary>
    public const string Projector = "multi_modal_projector";

    /// <summary>The projector's matrix [vision hidden, hidden]: x @ W, not as a linear layer's weight lies.</summary>
    public const string Projection = "mm_input_projection_weight";

    /// <summary>The projector's norm, without ".weight".</summary>
    public const string Norm = "mm_soft_emb_norm";

    /// <summary>What a checkpoint holds.</summary>
    /// <param name="decoder">The decoder's numbers.</param>
    /// <param name="config">config.json.</param>
    public static ExpectedTensors Expected(DecoderShape decoder, ModelConfig config)
    {
        SiglipShape vision = Gemma3Config.Vision(config);
        SiglipUse use = Gemma3Config.Use(config);
        return new ExpectedTensors(
            new($"{LlavaTensors.Root}embed_tokens.weight", decoder.VocabularyRows, decoder.Hidden),
            new(LlavaTensors.Head, decoder.VocabularyRows, decoder.Hidden),
            [
                .. LlamaWeights.Expected(decoder, LlavaTensors.Root),
                .. SiglipVision.Expected(LlavaTensors.Tower, vision, use),
                new($"{Projector}.{Projection}", vision.Hidden, decoder.Hidden),
                new($"{Projector}.{Norm}.weight", vision.Hidden),
            ],
            SiglipVision.Unused(LlavaTensors.Tower, vision, use)
        );
    }
}

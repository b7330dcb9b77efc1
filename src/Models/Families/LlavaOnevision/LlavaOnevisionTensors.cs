using Pipelines.Models.Families.Shared;

namespace Pipelines.Models.Families.LlavaOnevision;

/// <summary>The tensors of LLaVA-OneVision: SigLIP, projector, newline, Qwen2, named as LLaVA's are.</summary>
internal static class LlavaOnevisionTensors
{
    /// <summary>What a checkpoint holds.</summary>
    /// <param name="decoder">The decoder's numbers.</param>
    /// <param name="config">config.json.</param>
    public static ExpectedTensors Expected(DecoderShape decoder, ModelConfig config)
    {
        SiglipShape vision = LlavaOnevisionConfig.Vision(config);
        SiglipUse use = LlavaOnevisionConfig.Use(config);
        long hidden = decoder.Hidden;
        return new ExpectedTensors(
            new($"{LlavaTensors.Root}embed_tokens.weight", decoder.VocabularyRows, hidden),
            new(LlavaTensors.Head, decoder.VocabularyRows, hidden),
            [
                .. LlamaWeights.Expected(decoder, LlavaTensors.Root),
                .. LlavaProjector.Expected(vision.Hidden, hidden, LlavaConfig.ProjectorBias(config)),
                .. SiglipVision.Expected(LlavaTensors.Tower, vision, use),
                new(AnyresFeatures.Newline, hidden),
            ],
            SiglipVision.Unused(LlavaTensors.Tower, vision, use)
        );
    }
}

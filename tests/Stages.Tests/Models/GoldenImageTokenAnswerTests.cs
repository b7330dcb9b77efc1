using FluentAssertions;
using Pipelines.Models.Ablation;
using Pipelines.Models.Families;
using Pipelines.Models.Tensors;

namespace Pipelines.Stages.Tests.Models;

/// <summary>
/// An answer may hold the image's token: it is text then, with its own embedding, behind the image and seen by nothing
/// before it.
/// </summary>
public sealed class GoldenImageTokenAnswerTests
{
    [GoldenFact]
    public void An_answer_token_that_equals_the_images_is_text()
    {
        foreach (string folder in Golden.Cases())
        {
            using var golden = new GoldenCase(folder);
            if (!golden.Has("image_token_answer"))
            {
                continue;
            }

            using VisionLanguageModel model = VisionLanguageModel.Load(
                golden.ModelFolder,
                Arithmetic.Float32,
                golden.Image
            );
            using ImageFeatures features = model.Features(golden.Picture(0));
            PromptTokens prompt = model.Tokenize(golden.Prompt, features.Tokens);
            int image = golden.InputIds[golden.ImageStart];
            using PrefixCache cache = PrefixCache.Compute(model, prompt.FollowedBy([image]), features);
            using IntactRun intact = IntactRun.Compute(cache);
            intact
                .Logits.Zip(golden.Floats("image_token_answer"), (a, b) => Math.Abs(a - b))
                .Max()
                .Should()
                .BeLessThanOrEqualTo(1e-4f, folder);
        }
    }
}

using FluentAssertions;
using Pipelines.Domain.Errors;
using Pipelines.Models.Families;
using Pipelines.Stages.Tests.Tensors;
using Xunit;

namespace Pipelines.Stages.Tests.Models;

/// <summary>Models that people will try and that are not computed: refused with the reason, not only by name.</summary>
public sealed class RefusedArchitectureTests
{
    [Theory]
    [InlineData("paligemma", "*image tokens read the question*")]
    [InlineData("mllama", "*cross-attention*")]
    [InlineData("qwen3_vl_moe", "*mixture of experts*")]
    [InlineData("glm4v_moe", "*mixture of experts*")]
    [InlineData("llama4", "*mixture of experts*")]
    [InlineData("qwen3_5", "*recurrence*")]
    [InlineData("qwen3_5_moe", "*recurrence*mixture of experts*")]
    [InlineData("gemma3n", "*read keys and values that earlier layers made*")]
    [InlineData("gemma4", "*read keys and values that earlier layers made*")]
    [InlineData("gemma3_text", "*text-only*")]
    [InlineData("llava_next_video", "*videos*")]
    [InlineData("idefics2", "*resampler*")]
    [InlineData("fuyu", "*the architecture 'fuyu'*is not supported*")]
    public void A_model_that_is_not_computed_is_refused_with_the_reason(string type, string reason)
    {
        using var folder = new TemporaryFolder();
        folder.Write("config.json", $$"""{ "model_type": "{{type}}", "vision_config": {} }""");
        FluentActions
            .Invoking(() => ModelInfo.Read(folder.Path))
            .Should()
            .Throw<InputException>()
            .WithMessage($"*config.json*{reason}*Supported are llava, *");
    }

    [Fact]
    public void No_family_that_is_read_is_refused() =>
        KnownFamilies
            .All.SelectMany(f => f.ModelTypes)
            .Select(RefusedArchitectures.ReasonOf)
            .Should()
            .OnlyContain(reason => reason == null);
}

using FluentAssertions;
using Pipelines.Models.Families;
using Xunit;

namespace Pipelines.Stages.Tests.Models;

public sealed class ModelRemarksTests
{
    [Theory]
    [InlineData("llava-1.5-7b-hf")]
    [InlineData("Qwen3-VL-4B-Instruct", "*query head: 4 of them share*", "*DeepStack*layer 0, 1, 2*no head*")]
    [InlineData(
        "gemma-3-4b-it",
        "*query head: 2 of them share*",
        "*norm together*scale at the intact run's*",
        "*both ways*",
        "*In 29 of 34 layers*last 1024 tokens*"
    )]
    public void What_is_particular_to_a_models_heads_is_said(string model, params string[] remarks)
    {
        using var folder = new PublishedFolder(model);
        IReadOnlyList<string> found = ModelRemarks.Of(ModelInfo.Read(folder.Path).Decoder);
        found.Count.Should().Be(remarks.Length);
        foreach ((string remark, string pattern) in found.Zip(remarks))
        {
            remark.Should().Match(pattern);
        }
    }
}

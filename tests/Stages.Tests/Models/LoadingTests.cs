using FluentAssertions;
using Pipelines.Domain;
using Pipelines.Domain.Errors;
using Pipelines.Models.Families;
using Pipelines.Models.Tensors;
using Pipelines.Models.Vision;
using TorchSharp;
using Xunit;

namespace Pipelines.Stages.Tests.Models;

public sealed class LoadingTests
{
    private const string Query = "language_model.model.layers.1.self_attn.q_proj.weight";

    [Fact]
    public void A_missing_a_foreign_and_a_misshapen_tensor_are_named()
    {
        using (var tiny = new TinyLlava())
        {
            tiny.Remove(Query);
            tiny.Invoking(t => t.Load()).Should().Throw<InputException>().WithMessage($"*lacks*{Query}*");
        }

        using (var tiny = new TinyLlava())
        {
            tiny.Add("language_model.model.layers.3.mlp.up_proj.weight", 1, 48, 64);
            tiny.Save();
            tiny.Invoking(t => t.Load())
                .Should()
                .Throw<InputException>()
                .WithMessage("*no place*layers.3.mlp.up_proj.weight*");
        }

        using (var tiny = new TinyLlava())
        {
            tiny.Add(Query, 1, 64, 63);
            tiny.Save();
            tiny.Invoking(t => t.Load()).Should().Throw<InputException>().WithMessage($"*{Query}*[64, 63]*[64, 64]*");
        }
    }

    [Theory]
    [InlineData("\"image_token_index\":99", "\"image_token_index\":98", "*image_token_index*98*<image>*99*")]
    [InlineData("\"image_size\":28", "\"image_size\":35", "*position_embedding.weight*[17, 16]*[26, 16]*")]
    [InlineData(
        "\"vision_config\"",
        "\"vision_feature_layer\":-9,\"vision_config\"",
        "*vision_feature_layer*-9*2 layers*"
    )]
    [InlineData(
        "\"vision_config\"",
        "\"projector_hidden_act\":\"relu\",\"vision_config\"",
        "*projector_hidden_act*relu*gelu*"
    )]
    public void Files_that_do_not_belong_together_are_named(string old, string replacement, string message)
    {
        using var tiny = new TinyLlava();
        tiny.Edit(old, replacement);
        tiny.Invoking(t => t.Load()).Should().Throw<InputException>().WithMessage(message);
    }

    [Fact]
    public void A_preprocessor_of_another_model_is_named()
    {
        using var tiny = new TinyLlava();
        File.WriteAllText(Path.Combine(tiny.Folder, "preprocessor_config.json"), """{"crop_size":56,"size":56}""");
        tiny.Invoking(t => t.Load())
            .Should()
            .Throw<InputException>()
            .WithMessage("*preprocessor_config.json*56 x 56*28 x 28*");
    }

    [Fact]
    public void A_question_with_the_image_mark_in_it_is_refused()
    {
        using var tiny = new TinyLlava();
        using VisionLanguageModel model = tiny.Load();
        model
            .Invoking(m => m.Prompt("What is <image>?", ImageTokens.OfCount(16)))
            .Should()
            .Throw<InputException>()
            .WithMessage("*<image>*once*");
        PromptTokens prompt = model.Prompt("What?", ImageTokens.OfCount(16));
        prompt.Ids.Skip(prompt.ImageStart).Take(16).Should().AllBeEquivalentTo(TinyLlava.ImageTokenId);
        prompt.Length.Should().Be(prompt.ImageStart + 16 + prompt.SuffixLength);
        prompt.SuffixIds.Should().Equal(prompt.Ids.Skip(prompt.SuffixStart));
    }

    [Fact]
    public void The_target_direction_is_target_minus_mean_over_rows_or_tokens()
    {
        using var tiny = new TinyLlava();
        using VisionLanguageModel model = tiny.Load();
        using var scope = torch.NewDisposeScope();
        torch.Tensor h = torch.randn(3, 64);
        torch.Tensor logits = model.Decoder.Unembedding.Logits(h); // [3, V]
        foreach (
            (LogitMean mean, int rows) in ((LogitMean, int)[])
                [(LogitMean.Rows, TinyLlava.Rows), (LogitMean.Tokens, TinyLlava.ImageTokenId + 1)]
        )
        {
            double[] f = model.Measure(new Measured.Logit(17, mean)).Of(h);
            for (int i = 0; i < 3; i++)
            {
                float[] row = logits[i].data<float>().ToArray();
                f[i].Should().BeApproximately(row[17] - row.Take(rows).Average(x => (double)x), 1e-5);
            }
        }

        model
            .Invoking(m => m.Measure(new Measured.Logit(TinyLlava.Rows, LogitMean.Rows)))
            .Should()
            .Throw<ArgumentOutOfRangeException>();
    }

    [Fact]
    public void Packed_and_torch_layers_agree_to_1e_4()
    {
        using var tiny = new TinyLlava();
        using VisionLanguageModel packed = tiny.Load("packed"),
            plain = tiny.Load("torch");
        using ImageFeatures a = packed.Features(TinyLlava.Noise(1)),
            b = plain.Features(TinyLlava.Noise(1));
        using torch.Tensor difference = (a.Features - b.Features).abs();
        difference.max().item<float>().Should().BeLessThan(1e-4f);
        a.Tokens.Should().Be(new ImageTokens(16, 4, 4));
    }

    [Fact]
    public void A_padded_picture_is_seen_whole()
    {
        using var tiny = new TinyLlava();
        var info = ModelInfo.Read(tiny.Folder);
        using var crop = VisionLanguageModel.Load(tiny.Folder, Arithmetic.Float32);
        using var pad = VisionLanguageModel.Load(
            tiny.Folder,
            Arithmetic.Float32,
            new ImageChoice { Fit = ImageFit.Pad }
        );
        Picture wide = TinyLlava.Noise(1, width: 80, height: 20);
        pad.Preprocess(wide).Values.Should().NotEqual(crop.Preprocess(wide).Values);
        pad.Preprocess(wide).Shape.Should().Equal(1, 3, 28, 28);
        info.TotalHeads.Should().Be(12);
    }
}

using FluentAssertions;
using Pipelines.Domain.Errors;
using Pipelines.Models.Families;
using Pipelines.Models.Text;
using Xunit;

namespace Pipelines.Stages.Tests.Models;

/// <summary>What SmolVLM2 and Idefics3 make of pictures and prompts, by the published small files.</summary>
public sealed class SmolVlmTests
{
    private const string Small = "SmolVLM2-500M-Video-Instruct",
        Large = "SmolVLM2-2.2B-Instruct",
        Idefics = "Idefics3-8B-Llama3";

    /// <summary>models-2.md, section 8.</summary>
    [Theory]
    [InlineData(Small, 480, 480, 4, 4, 1088)]
    [InlineData(Small, 640, 480, 3, 4, 832)]
    [InlineData(Small, 480, 640, 4, 3, 832)]
    [InlineData(Small, 640, 427, 3, 4, 832)]
    [InlineData(Large, 31, 31, 4, 4, 1377)]
    [InlineData(Large, 640, 480, 3, 4, 1053)]
    [InlineData(Idefics, 1000, 1000, 4, 4, 2873)]
    [InlineData(Idefics, 640, 427, 3, 4, 2197)]
    public void Pictures_are_split_into_as_many_tiles_as_published(
        string model,
        int width,
        int height,
        int rows,
        int columns,
        int tokens
    )
    {
        using var folder = new PublishedFolder(model);
        ImageTokens found = ImageTokenCounter
            .Read(ModelInfo.Read(folder.Path), new ImageChoice())
            .TokensOf(width, height);
        (found.TileRows, found.TileColumns, found.Tokens).Should().Be((rows, columns, tokens));
    }

    [Theory]
    [InlineData("SmolVLM2-256M-Video-Instruct", 64)]
    [InlineData(Large, 81)]
    [InlineData(Idefics, 169)]
    public void Pictures_are_one_tile_by_default(string model, int tokens)
    {
        using var folder = new PublishedFolder(model);
        ModelInfo info = ModelInfo.Read(folder.Path);
        var counter = ImageTokenCounter.Read(info, ImageSettings.Resolve(new Pipelines.Spec.ImageSpec(), info.Family));
        counter.Common.Should().Be(tokens);
        counter.TokensOf(640, 480).TileRows.Should().Be(0);
    }

    [Fact]
    public void Another_number_of_tiles_than_the_file_makes_is_refused_but_for_one()
    {
        using var folder = new PublishedFolder(Small);
        ModelInfo info = ModelInfo.Read(folder.Path);
        FluentActions
            .Invoking(() => ImageTokenCounter.Read(info, new ImageChoice { MaxTiles = 5 }))
            .Should()
            .Throw<InputException>()
            .WithMessage("model.image.tiles: is 5*2048 pixels, up to 17 tiles*1 (pictures are not split), or to 17*");
        ImageTokenCounter
            .Read(info, new ImageChoice { MaxTiles = 17, Square = 512 })
            .Common.Should()
            .Be(1088, "squares are all split alike");
        string file = folder.File("preprocessor_config.json");
        const string splitting = "\"do_image_splitting\": ";
        File.WriteAllText(file, File.ReadAllText(file).Replace($"{splitting}true", $"{splitting}false"));
        FluentActions
            .Invoking(() => ImageTokenCounter.Read(info, new ImageChoice { MaxTiles = 17 }))
            .Should()
            .Throw<InputException>()
            .WithMessage("model.image.tiles: is 17*do_image_splitting false*");
    }

    [Fact]
    public void A_tile_that_the_tower_does_not_take_is_refused()
    {
        using var folder = new PublishedFolder(Small);
        string file = folder.File("preprocessor_config.json");
        File.WriteAllText(file, File.ReadAllText(file).Replace("\"longest_edge\": 512", "\"longest_edge\": 384"));
        FluentActions
            .Invoking(() => ImageTokenCounter.Read(ModelInfo.Read(folder.Path), new ImageChoice()))
            .Should()
            .Throw<InputException>()
            .WithMessage("*preprocessor_config.json*384*512*");
    }

    [Fact]
    public void A_processor_that_counts_a_tile_otherwise_is_refused()
    {
        using var folder = new PublishedFolder(Small, withTokenizer: true);
        File.WriteAllText(folder.File("processor_config.json"), """{ "image_seq_len": 81 }""");
        ModelInfo info = ModelInfo.Read(folder.Path);
        var tokenizer = new HubTokenizer(folder.Path);
        FluentActions
            .Invoking(() => info.Family.RequireImageToken(info, ModelInfo.ReadConfig(folder.Path), tokenizer))
            .Should()
            .Throw<InputException>()
            .WithMessage("*'image_seq_len' is 81, but a tile becomes 64 image tokens*");
    }

    [Fact]
    public void Each_tile_is_a_run_behind_its_marker_and_line_feeds_join()
    {
        using var folder = new PublishedFolder(Small, withTokenizer: true);
        ModelInfo info = ModelInfo.Read(folder.Path);
        var tokenizer = new HubTokenizer(folder.Path);
        ChatTemplate template = ModelTemplate.Read(info);
        EncodedPrompt prompt = template.Encode(tokenizer, "What?", 3 * 64, tileRows: 1, tileColumns: 2);
        prompt.RunStarts.Count.Should().Be(3);
        prompt.RunLength.Should().Be(64);
        prompt.ImageLength.Should().Be(192);
        prompt.RunStarts.Should().Equal([.. prompt.RunStarts.Select((start, i) => start)]);
        string[] texts = [.. prompt.Ids.Select(tokenizer.TokenText)];
        texts
            .Where((_, i) => prompt.RunStarts.Contains(i + 1))
            .Should()
            .Equal("<row_1_col_1>", "<row_1_col_2>", "<global-img>");
        string.Concat(texts.Skip(prompt.RunStarts[1] + 64).TakeWhile(t => t != "<global-img>"))
            .Should()
            .Be("\n\n<fake_token_around_image>");
        prompt.SuffixLength.Should().Be(prompt.Ids.Count - prompt.RunStarts[2] - 64);

        EncodedPrompt alone = template.Encode(tokenizer, "What?", 64);
        alone.RunStarts.Should().ContainSingle();
        tokenizer.TokenText(alone.Ids[alone.ImageStart - 1]).Should().Be("<global-img>");
    }

    [Theory]
    [InlineData("smolvlm", "<|im_start|>User:<image>Q?<end_of_utterance>\nAssistant:")]
    [InlineData("idefics3", "<|begin_of_text|>User:<image>Q?<end_of_utterance>\nAssistant:")]
    public void Folders_without_a_template_are_asked_as_published(string type, string prompt)
    {
        using var folder = new PublishedFolder(type == "smolvlm" ? Small : Idefics);
        string own = ModelTemplate.Read(ModelInfo.Read(folder.Path)).Prompt("Q?");
        File.Delete(folder.File("chat_template.json"));
        ModelTemplate.Read(ModelInfo.Read(folder.Path)).Prompt("Q?").Should().Be(prompt).And.Be(own);
    }

    [Fact]
    public void Idefics3_has_the_scaling_of_Llama_3_1()
    {
        using var folder = new PublishedFolder(Idefics);
        ModelInfo
            .Read(folder.Path)
            .Decoder.RotaryScaling.Should()
            .Be(new Pipelines.Models.Tensors.Llama3Scaling(8, 1, 4, 8192));
    }
}

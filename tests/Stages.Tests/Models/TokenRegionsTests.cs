using System.Text;
using FluentAssertions;
using Pipelines.Domain;
using Pipelines.Models.Families;
using Pipelines.Models.Families.Llava;
using Pipelines.Models.Families.LlavaNext;
using Pipelines.Models.Families.Shared;
using Pipelines.Models.Vision;
using Xunit;

namespace Pipelines.Stages.Tests.Models;

/// <summary>Where image tokens lie over the picture, computed by hand.</summary>
public sealed class TokenRegionsTests
{
    [Fact]
    public void Cropped_tokens_lie_over_the_middle()
    {
        // 8 x 4 pixels: the short side has the model's 4 already, columns 2 to 5 are kept; 2 x 2 tokens of 2 x 2 pixels
        var processor = new ClipProcessor(Config("""{"size":4,"crop_size":4}"""));

        LlavaRegions
            .Of(processor, 8, 4, grid: 2, dropsClassToken: true)
            .Should()
            .Equal(
                new PictureRegion(0.25, 0, 0.5, 0.5),
                new PictureRegion(0.5, 0, 0.75, 0.5),
                new PictureRegion(0.25, 0.5, 0.5, 1),
                new PictureRegion(0.5, 0.5, 0.75, 1)
            );
    }

    [Fact]
    public void Padded_tokens_reach_beyond_the_picture()
    {
        // 8 x 4 pixels are padded by 2 above and below to 8 x 8, then halved: a token is 4 x 4 pixels, the picture's
        // whole height
        var processor = new ClipProcessor(Config("""{"size":4,"crop_size":4}"""), ImageFit.Pad);

        LlavaRegions
            .Of(processor, 8, 4, grid: 2, dropsClassToken: false)
            .Should()
            .Equal(
                null,
                new PictureRegion(0, -0.5, 0.5, 0.5),
                new PictureRegion(0.5, -0.5, 1, 0.5),
                new PictureRegion(0, 0.5, 0.5, 1.5),
                new PictureRegion(0.5, 0.5, 1, 1.5)
            );
    }

    [Fact]
    public void Tokens_of_a_portrait_are_cropped_above_and_below()
    {
        var processor = new ClipProcessor(Config("""{"size":4,"crop_size":4}"""));

        // 4 x 16 after the resize, rows 6 to 9
        LlavaRegions
            .Of(processor, 2, 8, grid: 1, dropsClassToken: true)
            .Should()
            .Equal(new PictureRegion(0, 0.375, 1, 0.625));
    }

    [Fact]
    public void Tiles_come_after_the_whole_picture_and_line_ends_have_no_place()
    {
        // 8 x 4 pixels fit two tiles of 4 x 4 side by side: 4 tokens of the whole picture, then 2 rows of 4 tokens and
        // a line end
        var processor = LlavaNextSettings.Processor(
            Config("""{"size":4,"image_grid_pinpoints":[[4,8],[8,4],[8,8]]}""")
        );

        PictureRegion?[] regions =
        [
            .. new AnyresRegions(processor.Side, Grid: 2, Patch: 2).Of(processor.Geometry(8, 4), 2, 4),
        ];

        regions.Should().HaveCount(4 + (2 * 5));
        regions[..4]
            .Should()
            .Equal(
                new PictureRegion(0, 0, 0.5, 0.5),
                new PictureRegion(0.5, 0, 1, 0.5),
                new PictureRegion(0, 0.5, 0.5, 1),
                new PictureRegion(0.5, 0.5, 1, 1)
            );
        regions[4..9]
            .Should()
            .Equal(
                new PictureRegion(0, 0, 0.25, 0.5),
                new PictureRegion(0.25, 0, 0.5, 0.5),
                new PictureRegion(0.5, 0, 0.75, 0.5),
                new PictureRegion(0.75, 0, 1, 0.5),
                null
            );
        regions[^1].Should().BeNull();
        regions[^2].Should().Be(new PictureRegion(0.75, 0.5, 1, 1));
    }

    [Fact]
    public void Tiles_are_moved_by_their_padding()
    {
        // 6 x 4 pixels stand in the middle of two tiles, a black column on either side: a token of 2 pixels begins one
        // pixel left of the picture
        var processor = LlavaNextSettings.Processor(
            Config("""{"size":4,"image_grid_pinpoints":[[4,8],[8,4],[8,8]]}""")
        );
        AnyresGeometry geometry = processor.Geometry(6, 4);
        geometry.PadLeft.Should().Be(1);

        PictureRegion first = new AnyresRegions(processor.Side, Grid: 2, Patch: 2)
            .Of(geometry, 2, 4)
            .ElementAt(4)!
            .Value;

        (first.Left, first.Right).Should().Be((-1.0 / 6, 1.0 / 6));
        (first.Top, first.Bottom).Should().Be((0.0, 0.5));
    }

    [Fact]
    public void Patches_do_not_reach_over_the_pixels_that_a_tile_loses()
    {
        // tiles of 5 pixels have two patches of 2: the fifth column and row are not seen
        var processor = LlavaNextSettings.Processor(Config("""{"size":5,"image_grid_pinpoints":[[5,10],[10,5]]}"""));
        AnyresGeometry geometry = processor.Geometry(10, 5);

        PictureRegion?[] regions = [.. new AnyresRegions(5, Grid: 2, Patch: 2).Of(geometry, 2, 4)];

        regions[3].Should().Be(new PictureRegion(0.4, 0.4, 0.8, 0.8), "of the whole picture 4 x 4 of 5 x 5 are seen");
        regions[4..9]
            .Should()
            .Equal(
                new PictureRegion(0, 0, 0.2, 0.4),
                new PictureRegion(0.2, 0, 0.4, 0.4),
                new PictureRegion(0.5, 0, 0.7, 0.4),
                new PictureRegion(0.7, 0, 0.9, 0.4),
                null
            );
    }

    [Fact]
    public void A_shrunk_grids_cells_share_the_patches_evenly()
    {
        // 8 patches each way shrunk to 4: a cell is two patches
        var processor = LlavaNextSettings.Processor(Config("""{"size":4,"image_grid_pinpoints":[[16,16]]}"""));
        AnyresGeometry geometry = processor.Geometry(16, 16);

        PictureRegion?[] regions = [.. new AnyresRegions(4, Grid: 2, Patch: 2).Of(geometry, 4, 4)];

        regions.Should().HaveCount(4 + (4 * 5));
        regions[4].Should().Be(new PictureRegion(0, 0, 0.25, 0.25));
        regions[4 + 5 + 2].Should().Be(new PictureRegion(0.5, 0.25, 0.75, 0.5));
    }

    [Fact]
    public void Gemmas_tokens_are_a_grid_over_the_whole_picture()
    {
        using var folder = new PublishedFolder("gemma-3-4b-it");
        var regions = TokenRegions.Read(ModelInfo.Read(folder.Path), new ImageChoice());

        regions.Of(640, 427).Should().Equal(PictureRegion.Whole.Cells(16, 16).Select(r => (PictureRegion?)r));
    }

    [Fact]
    public void Tiles_of_InternVl_are_laid_tile_by_tile_and_the_thumbnail_over_all()
    {
        PictureRegion?[] regions = [.. InternVlRegions.Of(new TileGrid(2, 1, Thumbnail: true), grid: 2)];

        regions.Should().HaveCount(12).And.NotContainNulls();
        regions[1].Should().Be(new PictureRegion(0.25, 0, 0.5, 0.5));
        regions[4].Should().Be(new PictureRegion(0.5, 0, 0.75, 0.5));
        regions[8..].Should().Equal(PictureRegion.Whole.Cells(2, 2).Select(r => (PictureRegion?)r));
    }

    /// <summary>Tokens of 28 pixels; of Qwen3-VL's 32.</summary>
    [GoldenTheory("../configs-2")]
    [InlineData("Qwen2.5-VL-3B-Instruct", 84, 56, 2, 3)]
    [InlineData("Qwen3-VL-4B-Instruct", 384, 256, 8, 12)]
    public void Tokens_of_Qwen_are_a_grid_over_the_whole_picture(
        string model,
        int width,
        int height,
        int rows,
        int columns
    )
    {
        ModelInfo info = ModelInfo.Read(Golden.Path("..", "configs-2", model));

        IReadOnlyList<PictureRegion?> regions = TokenRegions.Read(info, new ImageChoice()).Of(width, height);

        regions.Should().HaveCount(rows * columns).And.NotContainNulls();
        regions[0].Should().Be(new PictureRegion(0, 0, 1.0 / columns, 1.0 / rows));
        regions[columns + 1]
            .Should()
            .Be(new PictureRegion(1.0 / columns, 1.0 / rows, 2.0 / columns, 2.0 / rows), "row by row");
        regions[^1].Should().Be(new PictureRegion((columns - 1.0) / columns, (rows - 1.0) / rows, 1, 1));
    }

    public static TheoryData<string> Cases() => [.. Golden.Cases().Select(Golden.NameOf)];

    [GoldenTheory]
    [MemberData(nameof(Cases))]
    public void Every_image_token_of_every_family_has_one_entry_and_together_they_lie_over_the_picture(string name)
    {
        using var golden = new GoldenCase(Golden.Case(name));
        ModelInfo info = ModelInfo.Read(golden.ModelFolder);
        var counter = ImageTokenCounter.Read(info, golden.Image);
        var regions = TokenRegions.Read(info, golden.Image);
        foreach (Picture picture in Enumerable.Range(0, golden.Images.Length).Select(golden.Picture))
        {
            IReadOnlyList<PictureRegion?> found = regions.Of(picture.Width, picture.Height);
            found.Count.Should().Be(counter.TokensOf(picture.Width, picture.Height).Tokens);
            found
                .OfType<PictureRegion>()
                .Should()
                .OnlyContain(r => r.Area > 0 && r.Left < 1 && r.Right > 0 && r.Top < 1 && r.Bottom > 0);
        }
    }

    private static PreprocessorConfig Config(string json) =>
        PreprocessorConfig.Parse(Encoding.UTF8.GetBytes(json), "folder/preprocessor_config.json");
}

using FluentAssertions;
using Pipelines.Domain.Errors;
using Pipelines.Stages.Data;
using Xunit;

namespace Pipelines.Stages.Tests.Data;

public sealed class DomainNetReaderTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public DomainNetReaderTests() =>
        folder.Touch(
            "real/fire_hydrant/1.jpg",
            "real/dog/2.jpg",
            "real/dog/notes.txt",
            "sketch/dog/2.jpg",
            "clipart/readme.txt"
        );

    public void Dispose() => folder.Dispose();

    [Fact]
    public void The_class_is_the_category_and_the_path_is_the_id()
    {
        PictureSet set = DomainNetReader.Read(folder.Root, ["sketch", "real"]);

        set.Candidates.Should()
            .Equal(
                Item("real/dog/2.jpg", "dog", "real"),
                Item("real/fire_hydrant/1.jpg", "fire hydrant", "real"),
                Item("sketch/dog/2.jpg", "dog", "sketch")
            );
        set.Notes.Should().Equal("passed over 1 file that is no picture (notes.txt)");
    }

    [Fact]
    public void What_lies_beside_the_classes_is_counted()
    {
        folder.Touch("real/loose.jpg", "real/list.txt", "real/dog/deeper/3.jpg", "real/.git/x", "sketch/dog/Thumbs.db");

        DomainNetReader
            .Read(folder.Root, ["sketch", "real"])
            .Notes.Should()
            .Equal(
                "passed over 4 files that are no pictures (Thumbs.db, list.txt, loose.jpg, …), 1 hidden file or "
                    + "folder, 1 folder"
            );
    }

    [Fact]
    public void A_domain_that_is_not_there_is_named_with_those_that_are() =>
        FluentActions
            .Invoking(() => DomainNetReader.Read(folder.Root, ["real", "quickdraw"]))
            .Should()
            .Throw<InputException>()
            .WithMessage("*has no domain 'quickdraw' (there is: clipart, real, sketch)*");

    [Fact]
    public void A_domain_without_pictures_and_an_empty_list_are_errors()
    {
        FluentActions
            .Invoking(() => DomainNetReader.Read(folder.Root, ["clipart"]))
            .Should()
            .Throw<InputException>()
            .WithMessage("*clipart: holds no picture (PNG, JPEG, WebP, GIF and BMP) in its class folders*");
        FluentActions
            .Invoking(() => DomainNetReader.Read(folder.Root, []))
            .Should()
            .Throw<InputException>()
            .WithMessage("*no domain is asked for*");
    }

    private DataItem Item(string file, string category, string domain) =>
        new(file, file, Path.Combine(folder.Root, file), category, Domain: domain);
}

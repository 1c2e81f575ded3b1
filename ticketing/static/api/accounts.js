/** Draws the description of the accounts API. */

const element = document.getElementById("described");

SwaggerUIBundle({
  domNode: element,
  url: element.dataset.url,
  deepLinking: true,
  layout: "BaseLayout",
  presets: [SwaggerUIBundle.presets.apis],
  validatorUrl: null, // nobody else is asked whether it is valid
});
